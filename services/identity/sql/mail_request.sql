-- write: somebody asks for a mail to an address: only queued, so that the answer tells nothing
-- $2 purpose, $3 hash of the address, $4 the address sealed
SELECT '{"status":"accepted"}' AS body,
       bus.job($1::jsonb, 'identity.mail_request',
               jsonb_build_object('purpose', $2::text, 'email', $4::text), NULL, $2 || ':' || $3)
