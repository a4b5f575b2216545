-- read: what a mail to the customer of booking $2 says, in his words; no row when there is nobody to write to
SELECT b.contact_email, b.contact_name, b.id, b.number, b.link_version, b.state, b.venue_address, b.venue_zip,
       to_char(b.event_date, 'FMDay, FMMonth FMDD, YYYY') AS day,
       to_char(b.event_time, 'FMHH12:MI AM') AS from_time,
       to_char(b.ends_at AT TIME ZONE b.time_zone, 'FMHH12:MI AM') AS until_time,
       b.adults, b.children, c.name AS chef_name, s.phone AS station_phone, b.quote, b.total_cents,
       b.deposit_cents, b.currency, b.refund_percent, d.number AS duplicate_number,
       (SELECT coalesce(json_agg(json_build_object(
                   'until', to_char((b.starts_at - make_interval(hours => p.notice_hours)) AT TIME ZONE b.time_zone,
                                    'FMDay, FMMonth FMDD, FMHH12:MI AM'),
                   'percent', p.refund_percent) ORDER BY p.notice_hours DESC), '[]')
        FROM booking.cancel_policy p
        WHERE b.starts_at - make_interval(hours => p.notice_hours) > booking.ctx_now($1::jsonb)
          AND p.refund_percent > 0) AS policy
FROM booking.bookings b
JOIN booking.chefs c ON c.id = b.chef_id
JOIN booking.stations s ON s.id = b.station_id
LEFT JOIN booking.bookings d ON d.id = b.duplicate_of
WHERE b.id = $2::uuid AND b.deleted_at IS NULL AND b.contact_email IS NOT NULL
