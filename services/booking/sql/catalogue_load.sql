-- read: all that quotes are made from, and its version
WITH prices AS (
    SELECT c.code, NULL::uuid AS station, '' AS from_day, c.default_value AS value
    FROM booking.price_codes c
    UNION ALL
    SELECT r.code, r.station_id, r.effective_from::text, r.value FROM booking.price_rules r
)
SELECT jsonb_build_object(
    'version', (SELECT version FROM booking.catalogue_state),
    'stations', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'code', code, 'name', name,
            'time_zone', time_zone, 'lat_e5', lat_e5, 'lon_e5', lon_e5,
            'radius_miles', radius_miles, 'travel_mph', travel_mph,
            'setup_minutes', setup_minutes, 'teardown_minutes', teardown_minutes,
            'lead_time_hours', lead_time_hours, 'active', active) ORDER BY code), '[]')
        FROM booking.stations),
    'items', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name, 'kind', kind,
            'unit', unit, 'price_cents', price_cents, 'max_quantity', max_quantity)
            ORDER BY code), '[]')
        FROM booking.menu_items WHERE active),
    'prices', (
        SELECT jsonb_agg(jsonb_build_object('code', code, 'station', station, 'from', from_day,
            'value', value) ORDER BY code, from_day)
        FROM prices),
    'peaks', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('label', label, 'station', station_id,
            'weekdays', weekdays, 'from', coalesce(first_day::text, ''),
            'until', coalesce(last_day::text, ''), 'surcharge_bp', surcharge_bp)
            ORDER BY id), '[]')
        FROM booking.price_peaks WHERE active)
) AS body,
(SELECT coalesce(string_agg(format('%s %s %s', zip, lat_e5, lon_e5), E'\n' ORDER BY zip), '')
 FROM booking.zip_areas) AS zips
WHERE $1::jsonb IS NOT NULL
