-- write: a refresh token is traded for the next one; a used one ends its whole session
-- $2 the token, $3 the next one, $4 its life in seconds, $5 user agent. Two uses at the same time
-- queue up at the lock, and the second one is a reuse: somebody else has the token.
WITH presented AS (
    SELECT t.hash, t.used_at, t.expires_at, s.id AS session_id, s.user_id, s.revoked_at, s.generation,
           s.expires_at AS session_expires_at, ($1::jsonb->>'now')::timestamptz AS now
      FROM identity.refresh_tokens t JOIN identity.sessions s ON s.id = t.session_id
     WHERE t.hash = decode($2, 'hex')
       FOR UPDATE
), judged AS (
    SELECT p.*,
           CASE WHEN p.revoked_at IS NOT NULL OR p.generation < u.sessions_from THEN 'revoked'
                WHEN p.used_at IS NOT NULL THEN 'reused'
                WHEN least(p.expires_at, p.session_expires_at) <= p.now THEN 'expired'
                WHEN u.state <> 'active' THEN 'disabled'
                ELSE 'ok' END AS verdict
      FROM presented p JOIN identity.users u ON u.id = p.user_id
), used AS (
    UPDATE identity.refresh_tokens t SET used_at = j.now, replaced_by = decode($3, 'hex')
      FROM judged j WHERE t.hash = j.hash AND j.verdict = 'ok'
    RETURNING t.session_id, j.now
), next AS (
    INSERT INTO identity.refresh_tokens (hash, session_id, issued_at, expires_at)
    SELECT decode($3, 'hex'), u.session_id, u.now, u.now + make_interval(secs => $4::int)
      FROM used u
), kept AS (
    UPDATE identity.sessions s
       SET last_used_at = u.now, ip = ($1::jsonb->>'ip')::inet, user_agent = $5
      FROM used u WHERE s.id = u.session_id
), ended AS (
    UPDATE identity.sessions s SET revoked_at = j.now, revoke_reason = 'refresh_reused'
      FROM judged j WHERE s.id = j.session_id AND j.verdict = 'reused'
)
SELECT j.verdict, j.user_id, j.session_id,
       CASE WHEN j.verdict = 'ok' THEN identity.claims(j.user_id) END AS claims,
       CASE WHEN j.verdict = 'reused' THEN bus.revoke($1::jsonb, j.user_id, j.session_id) END,
       CASE WHEN j.verdict = 'reused'
            THEN bus.audit($1::jsonb, 'session.refresh_reused', 'session', j.session_id::text, NULL,
                           jsonb_build_object('user_id', j.user_id)) END,
       CASE WHEN j.verdict = 'reused'
            THEN bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                     'template', 'refresh_reused', 'user', j.user_id)) END
  FROM judged j
