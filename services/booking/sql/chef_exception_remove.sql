-- write: these days are as usual again
SELECT '{}' AS body FROM booking.chef_exception_remove($1::jsonb, $2::uuid, $3::uuid)
