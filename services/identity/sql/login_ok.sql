-- write: a login that was right: the session, its first refresh token, the history
-- $2 account, $3 the hash that was checked, $4 a new one or null, $5 step of the MFA code,
-- $6 recovery code, $7 session, $8 refresh token, $9 user agent, $10 and $11 lives in seconds.
-- Checked once more under the lock: between reading and now somebody may have locked the account,
-- changed the password or used the same code.
WITH account AS (
    SELECT u.id, u.generation, u.mfa_enabled_at, coalesce(u.mfa_last_step, -1) AS mfa_last_step,
           ($1::jsonb->>'now')::timestamptz AS now
      FROM identity.users u
     WHERE u.id = $2::uuid AND u.state = 'active' AND u.password_hash = $3
       AND coalesce(u.locked_until <= ($1::jsonb->>'now')::timestamptz, true)
       FOR UPDATE
), code AS (
    UPDATE identity.recovery_codes c SET used_at = a.now
      FROM account a
     WHERE c.user_id = a.id AND c.hash = decode($6, 'hex') AND c.used_at IS NULL
    RETURNING c.user_id
), admitted AS (
    SELECT a.* FROM account a
     WHERE a.mfa_enabled_at IS NULL OR a.mfa_last_step < $5::bigint OR EXISTS (SELECT FROM code)
), touched AS (
    UPDATE identity.users u
       SET failed_logins = 0, locked_until = NULL, last_login_at = a.now,
           password_hash = coalesce($4, u.password_hash),
           mfa_last_step = coalesce($5::bigint, u.mfa_last_step)
      FROM admitted a WHERE u.id = a.id
), session AS (
    INSERT INTO identity.sessions (id, user_id, created_at, last_used_at, expires_at, generation,
                                   mfa, ip, user_agent)
    SELECT $7::uuid, a.id, a.now, a.now, a.now + make_interval(secs => $11::int), a.generation,
           a.mfa_enabled_at IS NOT NULL, ($1::jsonb->>'ip')::inet, $9
      FROM admitted a
    RETURNING id
), refresh AS (
    INSERT INTO identity.refresh_tokens (hash, session_id, issued_at, expires_at)
    SELECT decode($8, 'hex'), s.id, a.now, a.now + make_interval(secs => $10::int)
      FROM admitted a, session s
), crowd AS (
    UPDATE identity.sessions s SET revoked_at = a.now, revoke_reason = 'too_many'
      FROM admitted a
     WHERE s.id IN (SELECT o.id FROM identity.sessions o
                     WHERE o.user_id = $2::uuid AND o.revoked_at IS NULL
                     ORDER BY o.last_used_at DESC OFFSET 49)
    RETURNING s.id, s.user_id
), history AS (
    INSERT INTO identity.login_history (user_id, at, outcome, mfa, ip, user_agent, session_id)
    SELECT a.id, a.now, 'ok', a.mfa_enabled_at IS NOT NULL, ($1::jsonb->>'ip')::inet, $9, $7::uuid
      FROM admitted a
)
SELECT identity.claims(a.id) AS claims,
       bus.audit($1::jsonb || jsonb_build_object('user', a.id), 'session.start', 'session',
                 $7::text, NULL, jsonb_build_object('mfa', a.mfa_enabled_at IS NOT NULL)),
       (SELECT count(bus.revoke($1::jsonb, c.user_id, c.id)) FROM crowd c),
       CASE WHEN EXISTS (SELECT FROM code)
            THEN bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                     'template', 'recovery_code_used', 'user', a.id)) END
  FROM admitted a
