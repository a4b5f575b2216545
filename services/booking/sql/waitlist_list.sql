-- read: who waits, by day
-- $2 station or null, $3 day or null, $4 state, $5 how many, $6 [day, id] of the last one of the page before.
-- One probe of an index for each station, account or everybody.
WITH asked AS MATERIALIZED (
    SELECT $1::jsonb ->> 'scope' AS scope, coalesce($3::date, 'infinity') AS until,
           coalesce(($6::jsonb ->> 0)::date, $3::date, '-infinity') AS after_day,
           coalesce(($6::jsonb ->> 1)::uuid, '00000000-0000-0000-0000-000000000000') AS after_id
), stations AS MATERIALIZED (
    SELECT s::uuid AS id FROM asked, jsonb_array_elements_text($1::jsonb -> 'stations') s
    WHERE scope = 'station' AND ($2::uuid IS NULL OR s::uuid = $2::uuid)
    UNION SELECT $2::uuid FROM asked WHERE scope = 'all' AND $2::uuid IS NOT NULL
), page AS MATERIALIZED (
    SELECT one.entry, one.event_date, one.id
    FROM asked a, LATERAL (
        (SELECT w AS entry, w.event_date, w.id FROM booking.waitlist w
         WHERE a.scope = 'all' AND $2::uuid IS NULL AND w.state = $4
           AND (w.event_date, w.id) > (a.after_day, a.after_id) AND w.event_date <= a.until
         ORDER BY w.event_date, w.id LIMIT $5::int + 1)
        UNION ALL
        SELECT w, w.event_date, w.id FROM booking.waitlist w
        WHERE a.scope = 'own' AND w.user_id = ($1::jsonb ->> 'user')::uuid AND w.state = $4
          AND ($2::uuid IS NULL OR w.station_id = $2::uuid)
          AND (w.event_date, w.id) > (a.after_day, a.after_id) AND w.event_date <= a.until
        UNION ALL
        SELECT l.* FROM stations s, LATERAL (
            SELECT w AS entry, w.event_date, w.id FROM booking.waitlist w
            WHERE w.station_id = s.id AND w.state = $4
              AND (w.event_date, w.id) > (a.after_day, a.after_id) AND w.event_date <= a.until
            ORDER BY w.event_date, w.id LIMIT $5::int + 1) l) one
    ORDER BY one.event_date, one.id LIMIT $5::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.event_date, p.id LIMIT $5::int
)
SELECT (SELECT coalesce(json_agg(booking.waitlist_json(s.entry) ORDER BY s.event_date, s.id), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $5::int THEN
           (SELECT jsonb_build_array(s.event_date, s.id) FROM shown s ORDER BY s.event_date DESC, s.id DESC LIMIT 1)
       END AS next
