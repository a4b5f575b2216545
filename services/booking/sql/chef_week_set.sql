-- write: when a chef usually works, the whole week anew
SELECT w.body, w.etag FROM booking.chef_week_set($1::jsonb, $2::uuid, $3, $4::jsonb -> 'windows') w
