-- read: what a chef's calendar shows: from 30 days ago on; cancelled ones for 30 days more
-- The first row is the chef's, whose event is null when there are none.
SELECT c.name AS chef_name, b.id, b.number, b.state, b.version, b.guest_count, b.contact_name,
       b.contact_phone, b.venue_address, b.venue_zip, b.event_type,
       date_part('epoch', b.starts_at)::bigint AS starts_s, date_part('epoch', b.ends_at)::bigint AS ends_s,
       date_part('epoch', b.updated_at)::bigint AS changed_s
FROM booking.calendar_feeds f
JOIN booking.chefs c ON c.id = f.chef_id AND c.active
LEFT JOIN booking.bookings b ON b.chef_id = c.id AND b.deleted_at IS NULL
    AND b.starts_at >= booking.ctx_now($1::jsonb) - interval '30 days'
    AND (b.state <> 'cancelled' OR b.cancelled_at >= booking.ctx_now($1::jsonb) - interval '30 days')
WHERE f.id = $2::uuid AND f.revoked_at IS NULL
ORDER BY b.starts_at, b.id
LIMIT 1000
