-- read: days that differ from a chef's usual week, in order
-- $3 and $4 are the first and last day of interest or null, $5 how many, $6 [day, id] of the last one of
-- the page before
WITH chef AS MATERIALIZED (
    SELECT c.id FROM booking.chefs c
    WHERE c.id = $2::uuid AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
), page AS MATERIALIZED (
    SELECT e AS entry, lower(e.dates) AS day, e.id
    FROM chef JOIN booking.chef_exceptions e ON e.chef_id = chef.id
    WHERE e.dates && daterange($3::date, $4::date, '[]')
      AND (lower(e.dates), e.id) > (coalesce(($6::jsonb ->> 0)::date, '-infinity'),
                                    coalesce(($6::jsonb ->> 1)::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY 2, 3 LIMIT $5::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.day, p.id LIMIT $5::int
)
SELECT (SELECT coalesce(jsonb_agg(booking.chef_exception_json(s.entry) ORDER BY s.day, s.id), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $5::int THEN
           (SELECT jsonb_build_array(s.day, s.id) FROM shown s ORDER BY s.day DESC, s.id DESC LIMIT 1)
       END AS next
FROM chef
