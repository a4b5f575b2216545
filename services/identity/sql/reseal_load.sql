-- read: MFA secrets and keys of exports that are not sealed with the newest key, some at a time, by id
-- $2 id of that key, $3 {after: the last id of the batch before}, $4 how many
SELECT s.id, s.purpose, s.sealed
  FROM ((SELECT u.id, 'mfa:' || u.id AS purpose, u.mfa_secret AS sealed
           FROM identity.users u
          WHERE u.mfa_secret IS NOT NULL AND split_part(u.mfa_secret, '.', 2) <> $2
            AND u.id > coalesce(($3::jsonb->>'after')::uuid, '00000000-0000-0000-0000-000000000000')
          ORDER BY u.id LIMIT $4::int)
        UNION ALL
        (SELECT e.id, 'export-key:' || e.id, e.private_key
           FROM identity.exports e
          WHERE e.private_key IS NOT NULL AND split_part(e.private_key, '.', 2) <> $2
            AND e.id > coalesce(($3::jsonb->>'after')::uuid, '00000000-0000-0000-0000-000000000000')
          ORDER BY e.id LIMIT $4::int)) s
 WHERE $1::jsonb IS NOT NULL
 ORDER BY s.id LIMIT $4::int
