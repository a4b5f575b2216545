-- Revert hibachi:booking_slots from pg
BEGIN;

DROP FUNCTION booking.resources_take, booking.chef_take, booking.chef_try, booking.span_take,
    booking.chefs_free, booking.chef_exists, booking.chefs_idle, booking.station_full,
    booking.chef_works, booking.day_lock, booking.slot_make, booking.slot_at, booking.busy_span,
    booking.slot_check_when, booking.is_staff, booking.zone_offsets, booking.local_to_utc,
    booking.uuid_array, booking.text_array, booking.ctx_now;
DROP TYPE booking.taker, booking.slot;

COMMIT;
