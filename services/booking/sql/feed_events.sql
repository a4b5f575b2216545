-- read: what a chef's calendar shows, of what he cooks and assists: from 30 days ago on; cancelled ones for 30
-- days more. The first row is the chef's, whose event is null when there are none.
SELECT c.name AS chef_name, b.id, b.number, b.state, b.version, b.guest_count, b.contact_name,
       b.contact_phone, b.venue_address, b.venue_zip, b.event_type, b.assists,
       date_part('epoch', b.starts_at)::bigint AS starts_s, date_part('epoch', b.ends_at)::bigint AS ends_s,
       date_part('epoch', b.updated_at)::bigint AS changed_s
FROM booking.calendar_feeds f
JOIN booking.chefs c ON c.id = f.chef_id AND c.active
CROSS JOIN (SELECT booking.ctx_now($1::jsonb) - interval '30 days' AS at) since
LEFT JOIN LATERAL (
    SELECT t.*, false AS assists FROM booking.bookings t
    WHERE t.chef_id = c.id AND t.starts_at >= since.at
    UNION ALL
    SELECT t.*, true FROM booking.assisted(c.id, since.at::date - 1) a (id) JOIN booking.bookings t ON t.id = a.id
    WHERE t.starts_at >= since.at
) b ON b.deleted_at IS NULL AND (b.state <> 'cancelled' OR b.cancelled_at >= since.at)
WHERE f.id = $2::uuid AND f.revoked_at IS NULL
ORDER BY b.starts_at, b.id
LIMIT 1000
