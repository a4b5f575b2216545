-- Deploy hibachi:bus_rates to pg
-- requires: bus_watch
--
-- Rate limits: what the services say of themselves (their operations, the rates of their tiers, how
-- many requests they let pass and refused), and what administrators have set for single operations.
-- Every process holds a copy of the latter; the version 'rate_limits' tells it to read it anew.
BEGIN;

-- --- what the services say --------------------------------------------------------------------

CREATE TABLE bus.services (
    name       text        PRIMARY KEY,
    rate_limit boolean     NOT NULL, -- are the tiers applied at all?
    tiers      jsonb       NOT NULL  -- {public: {per_minute, burst, per_hour}, ...}
);

-- The operations that are limited.
CREATE TABLE bus.operations (
    service text NOT NULL REFERENCES bus.services,
    name    text NOT NULL,
    method  text NOT NULL,
    path    text NOT NULL,
    tier    text NOT NULL,
    PRIMARY KEY (name, service)
);

CREATE TABLE bus.processes (
    name       text        PRIMARY KEY,
    service    text        NOT NULL REFERENCES bus.services,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL, -- one that was not seen for three minutes is gone
    redis      boolean     NOT NULL  -- does it decide with Redis, or alone?
);

-- bucket: a tier, or an operation with a limit of its own.
CREATE TABLE bus.rate_counts (
    at      timestamptz NOT NULL, -- the minute
    service text        NOT NULL,
    bucket  text        NOT NULL,
    allowed bigint      NOT NULL,
    refused bigint      NOT NULL,
    local   bigint      NOT NULL, -- of both, decided without Redis
    PRIMARY KEY (at, service, bucket)
);

-- Who was refused most, masked: 'user ***0c1f', 'ip 203.0.113.0'. No more than 200 an hour and
-- service are kept.
CREATE TABLE bus.rate_refusals (
    at      timestamptz NOT NULL, -- the hour
    service text        NOT NULL,
    bucket  text        NOT NULL,
    caller  text        NOT NULL,
    refused bigint      NOT NULL,
    PRIMARY KEY (at, service, bucket, caller)
);

-- {rate_limit, tiers, operations: [{name, method, path, tier}]}. Writes nothing that is there.
CREATE FUNCTION bus.service_take(me text, service jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO bus.services AS s (name, rate_limit, tiers)
    VALUES (me, (service_take.service->>'rate_limit')::boolean, service_take.service->'tiers')
    ON CONFLICT ON CONSTRAINT services_pkey
    DO UPDATE SET rate_limit = EXCLUDED.rate_limit, tiers = EXCLUDED.tiers
    WHERE (s.rate_limit, s.tiers) IS DISTINCT FROM (EXCLUDED.rate_limit, EXCLUDED.tiers);

    DELETE FROM bus.operations o
    WHERE o.service = me AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(service_take.service->'operations') n
        WHERE n->>'name' = o.name);
    INSERT INTO bus.operations AS o (service, name, method, path, tier)
    SELECT me, n.name, n.method, n.path, n.tier
    FROM jsonb_to_recordset(service_take.service->'operations')
         AS n (name text, method text, path text, tier text)
    ORDER BY n.name
    ON CONFLICT ON CONSTRAINT operations_pkey
    DO UPDATE SET method = EXCLUDED.method, path = EXCLUDED.path, tier = EXCLUDED.tier
    WHERE (o.method, o.path, o.tier)
          IS DISTINCT FROM (EXCLUDED.method, EXCLUDED.path, EXCLUDED.tier);
END $$;

-- What one process has to tell: {process, started_at, redis, leaving, counts: [{bucket, allowed,
-- refused, local}], refused: [{bucket, caller, n}]}, and the first time `service`, see above.
CREATE FUNCTION bus.process_report(ctx jsonb, report jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    now_at timestamptz := (ctx->>'now')::timestamptz;
    this_hour timestamptz := date_trunc('hour', now_at);
    me text := bus.service();
BEGIN
    IF report ? 'service' THEN
        PERFORM bus.service_take(me, report->'service');
    END IF;
    INSERT INTO bus.processes AS p (name, service, started_at, seen_at, redis)
    VALUES (report->>'process', me, (report->>'started_at')::timestamptz, now_at,
            (report->>'redis')::boolean)
    ON CONFLICT ON CONSTRAINT processes_pkey
    DO UPDATE SET seen_at = EXCLUDED.seen_at, redis = EXCLUDED.redis WHERE p.service = me;
    DELETE FROM bus.processes p
    WHERE p.seen_at < now_at - interval '3 minutes'
       OR (p.name = report->>'process' AND p.service = me AND (report->>'leaving')::boolean);

    INSERT INTO bus.rate_counts AS c (at, service, bucket, allowed, refused, local)
    SELECT date_trunc('minute', now_at), me, n.bucket, n.allowed, n.refused, n.local
    FROM jsonb_to_recordset(report->'counts')
         AS n (bucket text, allowed bigint, refused bigint, local bigint)
    ORDER BY n.bucket
    ON CONFLICT ON CONSTRAINT rate_counts_pkey
    DO UPDATE SET allowed = c.allowed + EXCLUDED.allowed, refused = c.refused + EXCLUDED.refused,
                  local = c.local + EXCLUDED.local;

    IF report->'refused' <> '[]' THEN
        INSERT INTO bus.rate_refusals AS r (at, service, bucket, caller, refused)
        SELECT this_hour, me, n.bucket, n.caller, sum(n.n)
        FROM jsonb_to_recordset(report->'refused') AS n (bucket text, caller text, n bigint)
        GROUP BY n.bucket, n.caller ORDER BY n.bucket, n.caller
        ON CONFLICT ON CONSTRAINT rate_refusals_pkey
        DO UPDATE SET refused = r.refused + EXCLUDED.refused;
        DELETE FROM bus.rate_refusals r
        WHERE (r.at, r.service) = (this_hour, me) AND (r.bucket, r.caller) IN (
            SELECT l.bucket, l.caller FROM bus.rate_refusals l
            WHERE (l.at, l.service) = (this_hour, me)
            ORDER BY l.refused DESC, l.bucket, l.caller OFFSET 200);
    END IF;
    DELETE FROM bus.rate_counts c WHERE c.at < now_at - interval '1 day';
    DELETE FROM bus.rate_refusals r WHERE r.at < now_at - interval '1 day';
END $$;

-- --- what administrators set ------------------------------------------------------------------

CREATE TABLE bus.rate_limits (
    operation  text        PRIMARY KEY,
    per_minute int         NOT NULL CHECK (per_minute BETWEEN 1 AND 1000000),
    burst      int         NOT NULL CHECK (burst BETWEEN 1 AND 1000000),
    per_hour   int         NOT NULL CHECK (per_hour BETWEEN 1 AND 60000000),
    version    bigint      NOT NULL,
    changed_by uuid,
    changed_at timestamptz NOT NULL,
    reason     text        NOT NULL
);

-- For every process.
CREATE FUNCTION bus.rate_limits_all(ctx jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'operation', l.operation, 'per_minute', l.per_minute, 'burst', l.burst,
               'per_hour', l.per_hour) ORDER BY l.operation), '[]')
    FROM bus.rate_limits l;
$$;

-- One operation and the limit that was set for it; version 0 without one. Null: neither is there.
CREATE FUNCTION bus.rate_limit_json(operation text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
               'operation', rate_limit_json.operation, 'services', known.services,
               'method', known.method, 'path', known.path, 'tier', known.tier,
               'per_minute', l.per_minute, 'burst', l.burst, 'per_hour', l.per_hour,
               'reason', l.reason, 'changed_by', l.changed_by, 'changed_at', l.changed_at,
               'version', coalesce(l.version, 0))
    FROM (SELECT coalesce(jsonb_agg(o.service ORDER BY o.service), '[]') AS services,
                 min(o.method) AS method, min(o.path) AS path, min(o.tier) AS tier
          FROM bus.operations o WHERE o.name = rate_limit_json.operation) known
    LEFT JOIN bus.rate_limits l ON l.operation = rate_limit_json.operation
    WHERE known.services <> '[]' OR l.operation IS NOT NULL;
$$;

-- Sets a limit of {per_minute, burst, per_hour}, or takes it away when that is null. The tag is the
-- version that the caller has read. Returns what the operation has now, null when no service has
-- it; a limit that was left behind can still be taken away.
CREATE FUNCTION bus.rate_limit_set(ctx jsonb, operation text, wanted jsonb, tag text, reason text)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    numbers CONSTANT text[] := '{per_minute,burst,per_hour}';
    old jsonb;
    new jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('bus.rate_limits', 0));
    old := bus.rate_limit_json(rate_limit_set.operation);
    IF old IS NULL OR (wanted IS NOT NULL AND old->'services' = '[]') THEN
        RETURN NULL;
    ELSIF old->>'version' IS DISTINCT FROM tag THEN
        PERFORM bus.fail('precondition_failed');
    ELSIF wanted IS NULL AND tag = '0' THEN
        RETURN old;
    ELSIF wanted IS NULL THEN
        DELETE FROM bus.rate_limits l WHERE l.operation = rate_limit_set.operation;
        PERFORM bus.bump(ctx, 'rate_limits');
    ELSE
        INSERT INTO bus.rate_limits AS l (operation, per_minute, burst, per_hour, version,
                                          changed_by, changed_at, reason)
        VALUES (rate_limit_set.operation, (wanted->>'per_minute')::int, (wanted->>'burst')::int,
                coalesce((wanted->>'per_hour')::int, 60 * (wanted->>'per_minute')::int),
                bus.bump(ctx, 'rate_limits'), nullif(ctx->>'user', '')::uuid,
                (ctx->>'now')::timestamptz, rate_limit_set.reason)
        ON CONFLICT ON CONSTRAINT rate_limits_pkey
        DO UPDATE SET per_minute = EXCLUDED.per_minute, burst = EXCLUDED.burst,
                      per_hour = EXCLUDED.per_hour, version = EXCLUDED.version,
                      changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at,
                      reason = EXCLUDED.reason;
    END IF;
    new := bus.rate_limit_json(rate_limit_set.operation);
    PERFORM bus.audit(ctx, CASE WHEN wanted IS NULL THEN 'rate_limit.clear'
                                ELSE 'rate_limit.set' END,
                      'rate_limit', rate_limit_set.operation,
                      CASE WHEN tag <> '0' THEN (SELECT jsonb_object_agg(n, old->n)
                                                 FROM unnest(numbers) n) END,
                      CASE WHEN wanted IS NOT NULL THEN (SELECT jsonb_object_agg(n, new->n)
                                                         FROM unnest(numbers) n) END,
                      rate_limit_set.reason);
    RETURN new;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bus.process_report, bus.rate_limits_all TO mh_service;
-- The API of the rate limits is identity's.
GRANT EXECUTE ON FUNCTION bus.rate_limit_json, bus.rate_limit_set TO mh_identity;
GRANT SELECT ON bus.services, bus.operations, bus.processes, bus.rate_counts, bus.rate_refusals,
    bus.rate_limits TO mh_identity;

COMMIT;
