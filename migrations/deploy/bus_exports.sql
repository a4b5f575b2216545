-- Deploy hibachi:bus_exports to pg
-- requires: bus_jobs
-- requires: bus_watch
--
-- How services answer when a person wants to have what is kept of him, and how the logs of all forget
-- him. identity opens an export; each service puts its part here, in boxes that identity alone can
-- open. What has ended takes no more parts.
BEGIN;

-- Who keeps something of people: the migration of a service adds its row.
CREATE TABLE bus.export_services (
    service text PRIMARY KEY
);

CREATE TABLE bus.exports (
    id         uuid        PRIMARY KEY,
    created_at timestamptz NOT NULL
);

-- Who has not given all yet.
CREATE TABLE bus.export_waits (
    export_id uuid NOT NULL REFERENCES bus.exports ON DELETE CASCADE,
    service   text NOT NULL,
    PRIMARY KEY (export_id, service)
);

CREATE TABLE bus.export_parts (
    export_id uuid NOT NULL REFERENCES bus.exports ON DELETE CASCADE,
    service   text NOT NULL,
    n         int  NOT NULL,
    box       text NOT NULL,
    bytes     int  NOT NULL GENERATED ALWAYS AS (length(box)) STORED,
    PRIMARY KEY (export_id, service, n)
);

-- --- for identity ------------------------------------------------------------------------------

CREATE FUNCTION bus.export_open(ctx jsonb, id uuid, user_id uuid, public_key text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO bus.exports (id, created_at) VALUES (export_open.id, (ctx->>'now')::timestamptz);
    INSERT INTO bus.export_waits (export_id, service)
    SELECT export_open.id, s.service FROM bus.export_services s;
    PERFORM bus.emit(ctx, 'privacy.export.requested', export_open.id::text, jsonb_build_object(
        'export_id', export_open.id, 'user_id', export_open.user_id,
        'public_key', export_open.public_key));
END $$;

-- Who has not answered yet; all of it is there when nobody is left.
CREATE FUNCTION bus.export_missing(id uuid) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT w.service FROM bus.export_waits w
                 WHERE w.export_id = export_missing.id ORDER BY w.service);
$$;

-- The boxes of one page, of as many as make up `most` bytes, and how many pages there are.
CREATE FUNCTION bus.export_page(id uuid, page int, most int)
RETURNS TABLE (service text, n int, box text, pages int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH place AS (
        SELECT p.service, p.n, 1 + coalesce(sum(p.bytes) OVER (
                   ORDER BY p.service, p.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
                   / most AS page
        FROM bus.export_parts p WHERE p.export_id = export_page.id
    ), numbered AS (
        SELECT l.service, l.n, dense_rank() OVER (ORDER BY l.page) AS page
        FROM (SELECT place.service, place.n, floor(place.page) AS page FROM place) l
    )
    SELECT p.service, p.n, p.box, (SELECT max(m.page)::int FROM numbered m)
    FROM numbered r JOIN bus.export_parts p
      ON p.export_id = export_page.id AND (p.service, p.n) = (r.service, r.n)
    WHERE r.page = export_page.page
    ORDER BY p.service, p.n;
$$;

CREATE FUNCTION bus.export_end(id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM bus.exports e WHERE e.id = export_end.id;
$$;

-- --- for every service -------------------------------------------------------------------------

-- The consumer of privacy.export.requested: queues the job of the service that asks.
CREATE FUNCTION bus.export_queue(ctx jsonb, events jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT bus.job(ctx, bus.service() || '.export', e.data, NULL, e.data->>'export_id')
    FROM jsonb_to_recordset(events) AS e (data jsonb);
$$;

-- A part of the service that asks, which a job that runs twice adds once. `after` null: that was all.
CREATE FUNCTION bus.export_part_add(ctx jsonb, job jsonb, box text, after jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    export uuid := (job->>'export_id')::uuid;
    part int := coalesce((job->>'n')::int, 1);
BEGIN
    PERFORM FROM bus.exports e WHERE e.id = export FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN false; -- it has ended meanwhile
    END IF;
    INSERT INTO bus.export_parts (export_id, service, n, box)
    VALUES (export, bus.service(), part, export_part_add.box)
    ON CONFLICT ON CONSTRAINT export_parts_pkey DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    ELSIF after IS NOT NULL THEN
        PERFORM bus.job(ctx, bus.service() || '.export',
                        job || jsonb_build_object('n', part + 1, 'after', after), NULL,
                        export || ' ' || part + 1);
    ELSE
        DELETE FROM bus.export_waits w WHERE w.export_id = export AND w.service = bus.service();
        PERFORM bus.emit(ctx, 'privacy.export.answered', export::text, jsonb_build_object(
            'export_id', export, 'service', bus.service()));
    END IF;
    RETURN true;
END $$;

-- --- forgetting --------------------------------------------------------------------------------

-- What says who somebody is, in what the log keeps of a change.
CREATE FUNCTION bus.person_masked(j jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN jsonb_typeof(j) <> 'object' THEN j ELSE j || (SELECT coalesce(jsonb_object_agg(m.key, '***'), '{}') FROM jsonb_each_text(j) m
             WHERE m.value IS NOT NULL AND m.key = ANY (
                 '{name,email,verified_email,phone,address_line1,address_line2,city,zip,bio,home_zip,
                   contact_name,contact_email,contact_phone,venue_address,made_from,reason,
                   delete_reason,deleted_reason,cancel_reason,last_used_ip}'::text[])) END;

-- The entries about these things of the service that asks lose the person, and nothing else: who did
-- what and when, and which members changed, stays. The one way in which the audit log is changed.
CREATE FUNCTION bus.audit_forget(ctx jsonb, entity text, ids text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('bus.maintenance', 'on', true);
    UPDATE bus.audit_log l
    SET before = bus.person_masked(l.before), after = bus.person_masked(l.after),
        reason = CASE WHEN l.reason IS NOT NULL THEN '***' END
    WHERE l.entity = audit_forget.entity AND l.entity_id = ANY (ids)
      AND l.service = bus.service();
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('bus.maintenance', 'off', true);
    RETURN changed;
END $$;

-- Where somebody was when he did something.
CREATE FUNCTION bus.audit_forget_actor(ctx jsonb, actors uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('bus.maintenance', 'on', true);
    UPDATE bus.audit_log l SET ip = NULL, user_agent = NULL
    WHERE l.actor = ANY (actors) AND num_nonnulls(l.ip, l.user_agent) > 0;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('bus.maintenance', 'off', true);
    RETURN changed;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    bus.export_queue, bus.export_part_add, bus.audit_forget
TO mh_service;
GRANT EXECUTE ON FUNCTION
    bus.export_open, bus.export_missing, bus.export_page, bus.export_end, bus.audit_forget_actor
TO mh_identity;

COMMIT;
