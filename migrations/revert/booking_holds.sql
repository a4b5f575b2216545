-- Revert hibachi:booking_holds from pg
BEGIN;

DROP FUNCTION booking.waitlist_match, booking.waitlist_tell, booking.waitlist_start,
    booking.waitlist_json, booking.hold_bind, booking.hold_open, booking.hold_expire,
    booking.hold_release, booking.hold_create, booking.holds_expire, booking.hold_end,
    booking.hold_event, booking.hold_json, booking.reply_make;
DROP TYPE booking.reply;

COMMIT;
