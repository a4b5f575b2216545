-- write: the second factor is on; with it come the recovery codes
-- $2 the sealed secret that was checked, $3 step of the code, $4 hashes of the recovery codes
WITH enabled AS (
    UPDATE identity.users u
       SET mfa_enabled_at = ($1::jsonb->>'now')::timestamptz, mfa_last_step = $3::bigint,
           version = u.version + 1, updated_at = ($1::jsonb->>'now')::timestamptz
     WHERE u.id = ($1::jsonb->>'user')::uuid AND u.mfa_secret = $2 AND u.mfa_enabled_at IS NULL
    RETURNING u.id, u.mfa_enabled_at AS now
), gone AS (
    DELETE FROM identity.recovery_codes c USING enabled e WHERE c.user_id = e.id
), codes AS (
    INSERT INTO identity.recovery_codes (user_id, hash, created_at)
    SELECT e.id, decode(h, 'hex'), e.now
      FROM enabled e, jsonb_array_elements_text($4::jsonb) h
)
SELECT bus.audit($1::jsonb, 'user.mfa_enable', 'user', e.id::text, NULL, NULL),
       bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
           'template', 'mfa_enabled', 'user', e.id))
  FROM enabled e
