-- write: an account's data is put together, for its owner; $2 the account or null for the caller's own
-- $3 why or null, $4 {id, public, private} of a new one
SELECT r.body, r.location
  FROM identity.export_request($1::jsonb, coalesce($2::uuid, ($1::jsonb->>'user')::uuid), $3,
                               $4::jsonb) r
