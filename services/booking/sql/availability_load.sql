-- read: a station's rules, and a row for each chef with hours and what he is busy with; see availability.h
WITH ask AS MATERIALIZED (
    SELECT s.id, s.time_zone, s.setup_minutes, s.teardown_minutes, s.capacity, s.max_ahead_days,
           CASE WHEN booking.is_staff($1::jsonb, s.id) THEN 0 ELSE s.lead_time_hours END AS lead_time_hours,
           extract(epoch FROM s.first_start)::int / 60 AS first_start,
           extract(epoch FROM s.last_start)::int / 60 AS last_start,
           tstzrange(r.from_at, r.until_at) AS range, booking.ctx_now($1::jsonb) AS now_at,
           booking.zone_offsets(s.time_zone, r.from_at, r.until_at) AS offsets
    FROM booking.stations s
    CROSS JOIN (SELECT ($3::date - 1)::timestamp AT TIME ZONE 'UTC',
                       ($4::date + 3)::timestamp AT TIME ZONE 'UTC') r (from_at, until_at)
    WHERE s.id = $2::uuid AND s.active
), chef AS (
    SELECT c.id, c.max_events_per_day FROM booking.chefs c WHERE c.station_id = $2::uuid AND c.active
)
SELECT ask.id AS station_id, ask.time_zone, ask.offsets, ask.first_start, ask.last_start,
       ask.setup_minutes, ask.teardown_minutes, ask.capacity, ask.lead_time_hours, ask.max_ahead_days,
       chef.id AS chef_id, chef.max_events_per_day, coalesce(week.list, '') AS week,
       coalesce(special.list, '') AS exceptions, coalesce(busy.list, '') AS busy
FROM ask LEFT JOIN chef ON true
LEFT JOIN LATERAL (
    SELECT string_agg(lower(a.span) || ' ' || upper(a.span), ' ' ORDER BY lower(a.span)) AS list
    FROM booking.chef_availability a WHERE a.chef_id = chef.id
) week ON true
LEFT JOIN LATERAL ( -- -1 -1: does not work
    SELECT string_agg(concat_ws(' ', lower(x.dates) - date '1970-01-01', upper(x.dates) - date '1970-01-01',
        CASE x.kind WHEN 'available' THEN h.from_minute ELSE -1 END,
        CASE x.kind WHEN 'available' THEN h.until_minute
            + CASE WHEN h.until_minute <= h.from_minute THEN 1440 ELSE 0 END ELSE -1 END), ' ') AS list
    FROM booking.chef_exceptions x
    CROSS JOIN LATERAL (SELECT coalesce(extract(epoch FROM x.from_time)::int / 60, 0),
                               coalesce(extract(epoch FROM x.until_time)::int / 60, 0)) h (from_minute, until_minute)
    WHERE x.chef_id = chef.id AND x.dates && daterange($3::date - 1, $4::date + 2)
) special ON true
LEFT JOIN LATERAL (
    SELECT string_agg((date_part('epoch', lower(b.span)) / 60)::int || ' '
                      || (date_part('epoch', upper(b.span)) / 60)::int || ' ' || (b.day - date '1970-01-01')
                      || CASE b.kind WHEN 'chef' THEN ' 1' ELSE ' 0' END, ' ') AS list
    FROM booking.resource_spans b
    WHERE b.resource_id = chef.id AND b.blocking AND b.span && ask.range
      AND (b.expires_at IS NULL OR b.expires_at > ask.now_at)
) busy ON true
