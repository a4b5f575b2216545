-- read: every price with its rules, and the dates that cost more
SELECT jsonb_build_object(
           'currency', 'USD',
           'prices', (SELECT jsonb_agg(booking.price_json($1::jsonb, c) ORDER BY c.position)
                      FROM booking.price_codes c),
           'peaks', (SELECT coalesce(jsonb_agg(booking.price_peak_json(p) ORDER BY p.id), '[]')
                     FROM booking.price_peaks p
                     WHERE p.station_id IS NULL OR booking.in_scope($1::jsonb, NULL, p.station_id)),
           'version', s.version) AS body
FROM booking.catalogue_state s
