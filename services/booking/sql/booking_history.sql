-- read: what happened to a booking, latest first; $4 is the id of the last one of the page before
WITH b AS (
    SELECT t.id FROM booking.bookings t
    WHERE t.id = $2::uuid AND t.deleted_at IS NULL AND booking.booking_role($1::jsonb, t) IS NOT NULL
), page AS MATERIALIZED (
    SELECT h.id, h.at, h.action, h.actor, h.role, h.changes, h.reason
    FROM b JOIN booking.booking_history h ON h.booking_id = b.id
    WHERE h.id < coalesce($4::bigint, 9223372036854775807)
    ORDER BY h.id DESC LIMIT $3::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.id DESC LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(row_to_json(s) ORDER BY s.id DESC), '[]') FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int THEN (SELECT min(s.id) FROM shown s) END AS next
FROM b
