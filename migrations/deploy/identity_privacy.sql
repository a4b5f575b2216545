-- Deploy hibachi:identity_privacy to pg
-- requires: identity
-- requires: bus_exports
--
-- A person gets what is kept of him, and is forgotten. An export is asked for here, made by every
-- service (bus_exports), and fetched by the account that it is about, for some days.
BEGIN;

INSERT INTO bus.export_services (service) VALUES ('identity');

CREATE TABLE identity.exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'gathering' CHECK (state IN ('gathering', 'ready', 'ended')),
    requested_by uuid NOT NULL,
    reason text CHECK (char_length(reason) BETWEEN 10 AND 500),
    private_key text,  -- sealed; without it nobody can open the boxes
    created_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz,
    fetched_at timestamptz,  -- first
    ended_at timestamptz,
    CHECK ((state = 'ended') = (private_key IS NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK (state <> 'ready' OR (ready_at IS NOT NULL AND expires_at IS NOT NULL))
);

-- One at a time; who asks twice gets the same.
CREATE UNIQUE INDEX exports_running ON identity.exports (user_id) WHERE state <> 'ended';
CREATE INDEX exports_user ON identity.exports (user_id, created_at DESC, id DESC);
CREATE INDEX exports_page ON identity.exports (created_at DESC, id DESC);
CREATE INDEX exports_state ON identity.exports (state, created_at DESC, id DESC);
CREATE INDEX exports_expiry ON identity.exports (expires_at) WHERE state = 'ready';
CREATE INDEX exports_sealed ON identity.exports (id) WHERE private_key IS NOT NULL;

-- What has ended, and what goes with its account, leaves nothing behind.
CREATE FUNCTION identity.export_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bus.export_end(OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER export_gone AFTER DELETE ON identity.exports
    FOR EACH ROW EXECUTE FUNCTION identity.export_gone();
CREATE TRIGGER export_ended AFTER UPDATE OF state ON identity.exports
    FOR EACH ROW WHEN (NEW.state = 'ended') EXECUTE FUNCTION identity.export_gone();

CREATE FUNCTION identity.export_json(e identity.exports) RETURNS jsonb LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', e.id, 'user_id', e.user_id, 'state', e.state, 'requested_by', e.requested_by,
    'reason', e.reason, 'created_at', e.created_at, 'ready_at', e.ready_at,
    'expires_at', e.expires_at, 'fetched_at', e.fetched_at, 'ended_at', e.ended_at,
    'waits_for', to_jsonb(CASE WHEN e.state = 'gathering' THEN bus.export_missing(e.id)
                               ELSE '{}' END));

CREATE FUNCTION identity.exports_end(ctx jsonb, ids uuid[]) RETURNS bigint LANGUAGE sql VOLATILE
BEGIN ATOMIC
    WITH ended AS (
        UPDATE identity.exports e
           SET state = 'ended', private_key = NULL, ended_at = (ctx->>'now')::timestamptz
         WHERE e.id = ANY (ids) AND e.state <> 'ended'
        RETURNING e.id
    )
    SELECT count(*) FROM ended;
END;

-- keys: {id, public, private (sealed)} for a new one. An account's lock makes two requests at once queue
-- up. One that is gathering, or not a day old, is what who asks again gets.
CREATE FUNCTION identity.export_request(ctx jsonb, account uuid, why text, keys jsonb)
RETURNS TABLE (body text, location text) LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := (ctx->>'now')::timestamptz;
    e identity.exports;
BEGIN
    PERFORM bus.reply_claim(ctx);
    PERFORM FROM identity.users u
      WHERE u.id = account AND u.deleted_at IS NULL
        AND (u.id = (ctx->>'user')::uuid OR identity.visible(ctx, u.id))
        FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO e FROM identity.exports x WHERE x.user_id = account AND x.state <> 'ended';
    IF e.state = 'ready' AND e.created_at < at - interval '1 day' THEN
        PERFORM identity.exports_end(ctx, ARRAY[e.id]);
        e := NULL;
    END IF;
    IF e.id IS NULL THEN
        INSERT INTO identity.exports (id, user_id, requested_by, reason, private_key, created_at)
        VALUES ((keys->>'id')::uuid, account, (ctx->>'user')::uuid, why, keys->>'private', at)
        RETURNING * INTO e;
        PERFORM bus.export_open(ctx, e.id, account, keys->>'public');
        PERFORM bus.audit(ctx, 'export.request', 'user', account::text, NULL,
                          jsonb_build_object('export_id', e.id), why);
    END IF;
    location := '/api/v1/me/exports/' || e.id;
    body := bus.reply_store(ctx, 202, identity.export_json(e)::text, NULL, location);
    RETURN NEXT;
END $$;

-- The consumer of privacy.export.answered: an export is ready when nobody is missing. An answer to one
-- that has ended says nothing.
CREATE FUNCTION identity.exports_gather(ctx jsonb, events jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e identity.exports;
    at timestamptz := (ctx->>'now')::timestamptz;
BEGIN
    FOR e IN UPDATE identity.exports x
                SET state = 'ready', ready_at = at, expires_at = at + interval '7 days'
              WHERE x.id IN (SELECT (v.data->>'export_id')::uuid
                               FROM jsonb_to_recordset(events) AS v (data jsonb))
                AND x.state = 'gathering' AND bus.export_missing(x.id) = '{}'
             RETURNING x.* LOOP
        PERFORM bus.audit(ctx, 'export.ready', 'user', e.user_id::text, NULL,
                          jsonb_build_object('export_id', e.id));
        PERFORM bus.job(ctx, 'identity.mail', jsonb_build_object(
            'template', 'export_ready', 'user', e.user_id));
    END LOOP;
END $$;

-- What identity keeps of somebody, in a lasting order: part, time, id. Secrets are hashes or sealed, and
-- are nobody's to have.
CREATE FUNCTION identity.export_items(account uuid, after jsonb, most int)
RETURNS TABLE (item jsonb, place jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
    from_part int := coalesce((after->>0)::int, 0);
    last_at timestamptz := coalesce((after->>1)::timestamptz, '-infinity');
    last_id text := coalesce(after->>2, '');
BEGIN
    RETURN QUERY
    SELECT r.item, jsonb_build_array(r.part, r.at, r.id) FROM (
        (SELECT 1 AS part, u.created_at AS at, u.id::text AS id, jsonb_build_object(
                'account', identity.user_json(u)) AS item
           FROM identity.users u WHERE u.id = account AND from_part < 1)
        UNION ALL
        (SELECT 2, s.created_at, s.id::text, jsonb_build_object('session', jsonb_build_object(
                'id', s.id, 'created_at', s.created_at, 'last_used_at', s.last_used_at, 'mfa', s.mfa,
                'expires_at', s.expires_at, 'ip', host(s.ip), 'user_agent', s.user_agent,
                'revoked_at', s.revoked_at, 'revoke_reason', s.revoke_reason))
           FROM identity.sessions s
          WHERE s.user_id = account
            AND (from_part < 2 OR from_part = 2 AND (s.created_at, s.id::text) > (last_at, last_id))
          ORDER BY s.created_at, s.id::text LIMIT most)
        UNION ALL
        (SELECT 3, h.at, h.id::text, jsonb_build_object('sign_in', jsonb_build_object(
                'at', h.at, 'outcome', h.outcome, 'mfa', h.mfa, 'ip', host(h.ip),
                'user_agent', h.user_agent))
           FROM identity.login_history h
          WHERE h.user_id = account AND from_part <= 3
            AND h.at >= CASE WHEN from_part = 3 THEN last_at ELSE '-infinity' END
            AND (from_part < 3 OR (h.at, h.id::text) > (last_at, last_id))
          ORDER BY h.at, h.id::text LIMIT most)
        UNION ALL
        (SELECT 4, k.created_at, k.id::text, jsonb_build_object('api_key', identity.api_key_json(k))
           FROM identity.api_keys k
          WHERE k.user_id = account
            AND (from_part < 4 OR from_part = 4 AND (k.created_at, k.id::text) > (last_at, last_id))
          ORDER BY k.created_at, k.id::text LIMIT most)
        UNION ALL
        (SELECT 5, x.created_at, x.id::text, jsonb_build_object(
                'export', identity.export_json(x) - 'waits_for')
           FROM identity.exports x
          WHERE x.user_id = account
            AND (from_part < 5 OR from_part = 5 AND (x.created_at, x.id::text) > (last_at, last_id))
          ORDER BY x.created_at, x.id::text LIMIT most)
        UNION ALL -- what was changed of him, by whomever
        (SELECT 6, l.at, l.id::text, jsonb_build_object('change', jsonb_build_object(
                'at', l.at, 'action', l.action, 'before', l.before, 'after', l.after,
                'reason', l.reason))
           FROM bus.audit_log l
          WHERE l.entity = 'user' AND l.entity_id = account::text AND from_part <= 6
            AND l.at >= CASE WHEN from_part = 6 THEN last_at ELSE '-infinity' END
            AND (from_part < 6 OR (l.at, l.id::text) > (last_at, last_id))
          ORDER BY l.at, l.id::text LIMIT most)
        UNION ALL -- what he did, without what is others'
        (SELECT 7, l.at, l.id::text, jsonb_build_object('action', jsonb_build_object(
                'at', l.at, 'action', l.action, 'entity', l.entity, 'entity_id', l.entity_id,
                'ip', l.ip, 'user_agent', l.user_agent))
           FROM bus.audit_log l
          WHERE l.actor = account AND from_part <= 7
            AND l.at >= CASE WHEN from_part = 7 THEN last_at ELSE '-infinity' END
            AND (from_part < 7 OR (l.at, l.id::text) > (last_at, last_id))
          ORDER BY l.at, l.id::text LIMIT most)) r
    ORDER BY r.part, r.at, r.id LIMIT most;
END $$;

-- --- forgetting --------------------------------------------------------------------------------

-- A customer's own wish. Nobody but an administrator sends an employee away.
CREATE FUNCTION identity.erase_self(ctx jsonb) RETURNS TABLE (body jsonb) LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := (ctx->>'now')::timestamptz;
    why CONSTANT text := 'The owner of the account asked for it.';
    old identity.users;
    new identity.users;
BEGIN
    SELECT * INTO old FROM identity.users u
     WHERE u.id = (ctx->>'user')::uuid AND u.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM identity.demand(old.kind = 'customer', 'state_conflict',
                            'Accounts of staff are deleted by an administrator.');
    UPDATE identity.users u
       SET deleted_at = at, delete_reason = why, deleted_by = old.id, version = u.version + 1,
           generation = u.generation + 1, sessions_from = u.generation + 1, updated_at = at
     WHERE u.id = old.id RETURNING * INTO new;
    UPDATE identity.sessions s SET revoked_at = at, revoke_reason = 'deleted'
     WHERE s.user_id = new.id AND s.revoked_at IS NULL;
    PERFORM identity.exports_end(ctx, ARRAY(SELECT e.id FROM identity.exports e
                                             WHERE e.user_id = new.id AND e.state <> 'ended'));
    PERFORM bus.revoke(ctx, new.id, NULL, new.generation);
    PERFORM bus.audit(ctx, 'user.erasure_request', 'user', new.id::text, identity.user_json(old),
                      identity.user_json(new), why);
    PERFORM bus.emit(ctx, 'identity.user.deleted', new.id::text,
                     jsonb_build_object('user_id', new.id));
    PERFORM bus.job(ctx, 'identity.mail', jsonb_build_object('template', 'erasure', 'user', new.id));
    body := jsonb_build_object('deleted_at', at, 'purge_at', at + interval '30 days');
    RETURN NEXT;
END $$;

-- --- grants ------------------------------------------------------------------------------------

GRANT SELECT, INSERT, UPDATE, DELETE ON identity.exports TO mh_identity;
GRANT EXECUTE ON FUNCTION
    identity.export_gone, identity.export_json, identity.exports_end, identity.export_request,
    identity.exports_gather, identity.export_items, identity.erase_self
TO mh_identity;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;

COMMIT;
