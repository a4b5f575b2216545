-- write: the job that seals MFA secrets anew, now; and how many wait for it
-- $2 id of the newest key
SELECT count(*) FILTER (WHERE split_part(u.mfa_secret, '.', 2) <> $2) AS left,
       bus.job($1::jsonb, 'identity.reseal', '{}', NULL, 'command') AS job
  FROM identity.users u WHERE u.mfa_secret IS NOT NULL
