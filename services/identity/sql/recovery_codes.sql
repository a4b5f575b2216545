-- write: new recovery codes; the old ones are void
WITH account AS (
    SELECT u.id, ($1::jsonb->>'now')::timestamptz AS now
      FROM identity.users u
     WHERE u.id = ($1::jsonb->>'user')::uuid AND u.mfa_enabled_at IS NOT NULL
       FOR UPDATE
), gone AS (
    DELETE FROM identity.recovery_codes c USING account a WHERE c.user_id = a.id
), codes AS (
    INSERT INTO identity.recovery_codes (user_id, hash, created_at)
    SELECT a.id, decode(h, 'hex'), a.now FROM account a, jsonb_array_elements_text($2::jsonb) h
)
SELECT bus.audit($1::jsonb, 'user.recovery_codes', 'user', a.id::text, NULL, NULL)
  FROM account a
