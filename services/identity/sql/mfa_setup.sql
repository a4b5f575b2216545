-- write: a secret that becomes the second factor once a code proves that it arrived
UPDATE identity.users u SET mfa_secret = $2, mfa_last_step = NULL
 WHERE u.id = ($1::jsonb->>'user')::uuid AND u.mfa_enabled_at IS NULL
RETURNING bus.audit($1::jsonb, 'user.mfa_setup', 'user', u.id::text, NULL, NULL)
