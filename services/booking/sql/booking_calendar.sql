-- read: one booking for its customer's calendar, for whoever may see it
SELECT b.id, b.number, b.state, b.version, b.guest_count, b.venue_address, b.venue_zip, c.name AS chef_name,
       s.phone AS station_phone,
       date_part('epoch', b.starts_at)::bigint AS starts_s, date_part('epoch', b.ends_at)::bigint AS ends_s,
       date_part('epoch', b.updated_at)::bigint AS changed_s
FROM booking.bookings b
JOIN booking.chefs c ON c.id = b.chef_id
JOIN booking.stations s ON s.id = b.station_id
WHERE b.id = $2::uuid AND b.deleted_at IS NULL AND booking.booking_role($1::jsonb, b) IS NOT NULL
