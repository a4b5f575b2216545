-- read: notes of a booking, latest first; $4 is [created, id] of the last one of the page before
WITH b AS (
    SELECT t.id FROM booking.bookings t
    WHERE t.id = $2::uuid AND t.deleted_at IS NULL
      AND booking.booking_role($1::jsonb, t) IN ('staff', 'chef', 'assistant')
), page AS MATERIALIZED (
    SELECT n AS note, n.created_at, n.id FROM b JOIN booking.booking_notes n ON n.booking_id = b.id
    WHERE (n.created_at, n.id) < (coalesce(($4::jsonb ->> 0)::timestamptz, 'infinity'),
                                  coalesce(($4::jsonb ->> 1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
    ORDER BY n.created_at DESC, n.id DESC LIMIT $3::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.created_at DESC, p.id DESC LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(booking.note_json(s.note) ORDER BY s.created_at DESC, s.id DESC), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int THEN
           (SELECT jsonb_build_array(s.created_at, s.id) FROM shown s ORDER BY s.created_at, s.id LIMIT 1)
       END AS next
FROM b
