-- read: dishes and add-ons in the order of the menu
-- $2 kind or null, $3 also those that are not offered, $4 how many, $5 [position, code] of the last one
-- of the page before
WITH page AS MATERIALIZED (
    SELECT m AS item, m.position, m.code FROM booking.menu_items m
    WHERE ($2::text IS NULL OR m.kind = $2) AND (m.active OR $3::boolean)
      AND (m.position, m.code) > (coalesce(($5::jsonb ->> 0)::int, -1), coalesce($5::jsonb ->> 1, ''))
    ORDER BY m.position, m.code LIMIT $4::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.position, p.code LIMIT $4::int
)
SELECT (SELECT coalesce(jsonb_agg(booking.menu_item_json(s.item) ORDER BY s.position, s.code), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $4::int THEN
           (SELECT jsonb_build_array(s.position, s.code) FROM shown s
            ORDER BY s.position DESC, s.code DESC LIMIT 1)
       END AS next
WHERE $1::jsonb IS NOT NULL
