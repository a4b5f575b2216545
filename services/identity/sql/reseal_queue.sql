-- write: the job that seals MFA secrets and keys of exports anew, now; and how many wait for it
-- $2 id of the newest key
SELECT (SELECT count(*) FROM identity.users u
         WHERE u.mfa_secret IS NOT NULL AND split_part(u.mfa_secret, '.', 2) <> $2)
       + (SELECT count(*) FROM identity.exports e
           WHERE e.private_key IS NOT NULL AND split_part(e.private_key, '.', 2) <> $2) AS left,
       bus.job($1::jsonb, 'identity.reseal', '{}', NULL, 'command') AS job
