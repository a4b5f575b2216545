-- write: takes somebody off the waitlist
WITH entry AS (
    UPDATE booking.waitlist w SET state = 'removed', updated_at = booking.ctx_now($1::jsonb)
    WHERE w.id = $2::uuid AND w.state <> 'removed'
      AND (booking.in_scope($1::jsonb, w.user_id, w.station_id) OR $1::jsonb ->> 'link' = 'waitlist ' || w.id)
    RETURNING w.id
)
SELECT bus.audit($1::jsonb, 'waitlist.removed', 'waitlist', entry.id::text, NULL, NULL) FROM entry
