-- write: the second factor is off
-- $2 step of the code or null, $3 recovery code or null
WITH account AS (
    SELECT u.id, coalesce(u.mfa_last_step, -1) AS mfa_last_step,
           ($1::jsonb->>'now')::timestamptz AS now
      FROM identity.users u
     WHERE u.id = ($1::jsonb->>'user')::uuid AND u.mfa_enabled_at IS NOT NULL
       FOR UPDATE
), code AS ( -- as it is after waiting for the account, where a login may just have used it
    SELECT c.user_id FROM account a JOIN identity.recovery_codes c ON c.user_id = a.id
     WHERE c.hash = decode($3, 'hex') AND c.used_at IS NULL
       FOR UPDATE OF c
), admitted AS (
    SELECT a.* FROM account a WHERE a.mfa_last_step < $2::bigint OR EXISTS (SELECT FROM code)
), disabled AS (
    UPDATE identity.users u
       SET mfa_enabled_at = NULL, mfa_secret = NULL, mfa_last_step = NULL,
           version = u.version + 1, updated_at = a.now
      FROM admitted a WHERE u.id = a.id
), codes AS (
    DELETE FROM identity.recovery_codes c USING admitted a WHERE c.user_id = a.id
)
SELECT bus.audit($1::jsonb, 'user.mfa_disable', 'user', a.id::text, NULL, NULL),
       bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
           'template', 'mfa_disabled', 'user', a.id))
  FROM admitted a
