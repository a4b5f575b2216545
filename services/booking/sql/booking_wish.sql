-- read: what a booking's price is made from, for whoever may change it
SELECT b.version, b.state, b.station_id, b.venue_zip, b.event_type, b.promo_code, b.adults, b.children,
       b.event_date, to_char(b.event_time, 'HH24:MI') AS event_time, b.duration_minutes,
       (SELECT coalesce(json_agg(json_build_object('code', a.code, 'quantity', a.quantity)
                                 ORDER BY a.code), '[]')
        FROM booking.booking_addons a WHERE a.booking_id = b.id) AS addons
FROM booking.bookings b
WHERE b.id = $2::uuid AND b.deleted_at IS NULL AND booking.booking_role($1::jsonb, b) IS NOT NULL
