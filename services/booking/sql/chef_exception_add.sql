-- write: days on which a chef works differently, or not at all
SELECT r.body, r.etag, r.location FROM booking.chef_exception_add($1::jsonb, $2::uuid, $3::jsonb) r
