-- write: what ran out is forgotten, some at a time; queues itself for the next hour
-- Refresh tokens stay until they expire, so that a used one is known for what it is.
WITH links AS (
    DELETE FROM identity.one_time_tokens
     WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM identity.one_time_tokens o
         WHERE o.expires_at < ($1::jsonb->>'now')::timestamptz - interval '1 day' LIMIT 10000))
    RETURNING 1
), tokens AS (
    DELETE FROM identity.refresh_tokens
     WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM identity.refresh_tokens o
         WHERE o.expires_at < ($1::jsonb->>'now')::timestamptz LIMIT 10000))
    RETURNING 1
), sessions AS (
    DELETE FROM identity.sessions
     WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM identity.sessions o
         WHERE o.expires_at < ($1::jsonb->>'now')::timestamptz - interval '30 days' LIMIT 10000))
    RETURNING 1
), history AS (
    DELETE FROM identity.login_history
     WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM identity.login_history o
         WHERE o.at < ($1::jsonb->>'now')::timestamptz - interval '400 days' LIMIT 10000))
    RETURNING 1
), exports AS (
    SELECT identity.exports_end($1::jsonb, ARRAY(
        SELECT e.id FROM identity.exports e
         WHERE e.state = 'ready' AND e.expires_at <= ($1::jsonb->>'now')::timestamptz
         ORDER BY e.expires_at LIMIT 1000)) AS n
)
SELECT (SELECT count(*) FROM links) AS links, (SELECT count(*) FROM tokens) AS tokens,
       (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM history) AS history,
       (SELECT n FROM exports) AS exports,
       identity.schedule($1::jsonb, 'identity.cleanup', 'hour', true)
