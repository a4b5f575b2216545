-- read: chefs by name
-- $2 station or null, $3 skill or null, $4 also those who have left, $5 how many, $6 [name, id] of the
-- last one of the page before
WITH page AS MATERIALIZED (
    SELECT c AS chef, c.name, c.id FROM booking.chefs c
    WHERE booking.in_scope($1::jsonb, c.user_id, c.station_id)
      AND ($2::uuid IS NULL OR c.station_id = $2::uuid) AND ($3::text IS NULL OR $3 = ANY (c.skills))
      AND (c.active OR $4::boolean)
      AND (c.name, c.id) > (coalesce($6::jsonb ->> 0, ''),
                            coalesce(($6::jsonb ->> 1)::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY c.name, c.id LIMIT $5::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.name, p.id LIMIT $5::int
)
SELECT (SELECT coalesce(jsonb_agg(booking.chef_json(s.chef) ORDER BY s.name, s.id), '[]') FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $5::int THEN
           (SELECT jsonb_build_array(s.name, s.id) FROM shown s ORDER BY s.name DESC, s.id DESC LIMIT 1)
       END AS next
