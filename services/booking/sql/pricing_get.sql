-- read: every price with its rules, the dates that cost more, and what items cost
SELECT jsonb_build_object(
           'currency', 'USD',
           'prices', (SELECT jsonb_agg(booking.price_json($1::jsonb, c) ORDER BY c.position)
                      FROM booking.price_codes c),
           'peaks', (SELECT coalesce(jsonb_agg(booking.price_peak_json(p) ORDER BY p.id), '[]')
                     FROM booking.price_peaks p
                     WHERE p.station_id IS NULL OR booking.in_scope($1::jsonb, NULL, p.station_id)),
           'items', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                'id', m.id, 'code', m.code, 'kind', m.kind, 'name', m.name, 'unit', m.unit,
                                'price_cents', m.price_cents, 'active', m.active, 'version', m.version)
                            ORDER BY m.position, m.code), '[]')
                     FROM booking.menu_items m),
           'version', s.version) AS body
FROM booking.catalogue_state s
