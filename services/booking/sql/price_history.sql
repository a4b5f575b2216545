-- read: what was changed in the prices, latest first
-- $2 code or null, $3 entity or null, $4 how many, $5 id of the last one of the page before
WITH page AS MATERIALIZED (
    SELECT h.* FROM booking.price_change_history h
    WHERE ($2::text IS NULL OR h.code = $2) AND ($3::text IS NULL OR h.entity = $3)
      AND (h.station_id IS NULL OR booking.in_scope($1::jsonb, NULL, h.station_id))
      AND h.id < coalesce(($5::jsonb ->> 0)::bigint, 9223372036854775807)
    ORDER BY h.id DESC LIMIT $4::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.id DESC LIMIT $4::int
)
SELECT (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.id DESC), '[]') FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $4::int THEN
           (SELECT jsonb_build_array(min(s.id)) FROM shown s) END AS next
