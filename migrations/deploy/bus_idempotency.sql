-- Deploy hibachi:bus_idempotency to pg
-- requires: bus
--
-- The reply to a request with an Idempotency-Key is kept in the transaction that did what the
-- request asked for, and given again to whoever repeats the request.
BEGIN;

CREATE TABLE bus.idempotency (
    caller      text        NOT NULL, -- user id, or link: and whose, or ip: and the address
    key         text        NOT NULL,
    fingerprint text        NOT NULL,
    status      int         NOT NULL,
    body        text,
    etag        text,
    location    text,
    at          timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_at ON bus.idempotency (at);

-- Keys are the caller's own: two callers may use the same one.
CREATE FUNCTION bus.idempotency_caller(ctx jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN coalesce(nullif(ctx->>'user', ''), 'link:' || (ctx->>'link'),
                'ip:' || coalesce(ctx->>'ip', ''));

-- True: nobody has used the key, and until this transaction ends nobody else can. The lock is
-- tried, not waited for. Volatile, so that the statement after the lock sees what was committed
-- before it, also the reply to a first request that ended after our own statement began.
CREATE FUNCTION bus.reply_claim(ctx jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := bus.idempotency_caller(ctx);
    claimed text := nullif(ctx->>'key', '');
    kept text;
BEGIN
    IF claimed IS NULL THEN
        RETURN true;
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended(who || ' ' || claimed, 0)) THEN
        PERFORM bus.fail('idempotency_in_progress',
                         'The first request with this Idempotency-Key has not ended yet.');
    END IF;
    SELECT i.fingerprint INTO kept FROM bus.idempotency i WHERE i.caller = who AND i.key = claimed;
    IF FOUND AND kept = ctx->>'fingerprint' THEN
        PERFORM bus.fail('idempotency_replay');
    ELSIF FOUND THEN
        PERFORM bus.fail('idempotency_key_reused',
                         'This Idempotency-Key came with another request before.');
    END IF;
    RETURN true;
END $$;

-- An entity tag (RFC 9110, 8.8.3): the version, which is all that If-Match asks for, and a digest of what is shown
-- where that changes without the version, as names of others do.
CREATE FUNCTION bus.etag(version int, shown text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN version || '.' || left(md5(shown), 12);

CREATE FUNCTION bus.reply_store(ctx jsonb, status int, body text, etag text DEFAULT NULL,
                                location text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF nullif(ctx->>'key', '') IS NOT NULL THEN
        INSERT INTO bus.idempotency (caller, key, fingerprint, status, body, etag, location, at)
        VALUES (bus.idempotency_caller(ctx), ctx->>'key', ctx->>'fingerprint', reply_store.status,
                reply_store.body, reply_store.etag, reply_store.location,
                (ctx->>'now')::timestamptz);
    END IF;
    RETURN reply_store.body;
END $$;

-- What was answered to the same request before.
CREATE FUNCTION bus.reply_stored(ctx jsonb)
RETURNS TABLE (status int, body text, etag text, location text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.status, i.body, i.etag, i.location
    FROM bus.idempotency i
    WHERE i.caller = bus.idempotency_caller(ctx) AND i.key = ctx->>'key'
      AND i.fingerprint = ctx->>'fingerprint';
$$;

-- Forgets what is older than seven days, at most 10000 rows a call. Returns how many.
CREATE FUNCTION bus.idempotency_purge(ctx jsonb) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM bus.idempotency i WHERE i.ctid = ANY (ARRAY(
            SELECT o.ctid FROM bus.idempotency o
            WHERE o.at < (ctx->>'now')::timestamptz - interval '7 days'
            LIMIT 10000 FOR UPDATE SKIP LOCKED))
        RETURNING 1)
    SELECT count(*) FROM gone;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    bus.etag, bus.reply_claim, bus.reply_store, bus.reply_stored, bus.idempotency_purge
TO mh_service;

COMMIT;
