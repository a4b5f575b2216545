-- Revert hibachi:booking_core from pg
BEGIN;

DROP FUNCTION booking.assisted;
DROP TABLE booking.calendar_feeds, booking.waitlist, booking.resource_spans, booking.holds,
    booking.cancel_policy, booking.booking_history, booking.booking_notes, booking.booking_addons,
    booking.bookings, booking.state_moves, booking.states, booking.equipment;
DROP FUNCTION booking.booking_state_guard;
ALTER TABLE booking.stations DROP COLUMN max_ahead_days;

COMMIT;
