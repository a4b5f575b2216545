-- read: MFA secrets that are not sealed with the newest key, some at a time, in the order of accounts
-- $2 id of that key, $3 {after: the last account of the batch before}, $4 how many
SELECT u.id, 'mfa:' || u.id AS purpose, u.mfa_secret AS sealed
  FROM identity.users u
 WHERE $1::jsonb IS NOT NULL AND u.mfa_secret IS NOT NULL
   AND split_part(u.mfa_secret, '.', 2) <> $2
   AND u.id > coalesce(($3::jsonb->>'after')::uuid, '00000000-0000-0000-0000-000000000000')
 ORDER BY u.id LIMIT $4::int
