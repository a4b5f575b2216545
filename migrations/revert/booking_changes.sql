-- Revert hibachi:booking_changes from pg
BEGIN;

DROP FUNCTION booking.note_add, booking.note_json, booking.booking_purge,
    booking.link_send, booking.booking_restore, booking.booking_delete, booking.booking_assign, booking.booking_update,
    booking.patched, booking.booking_slot, booking.booking_reschedule, booking.booking_resources,
    booking.booking_cancel, booking.refund_percent, booking.booking_move, booking.booking_set_state,
    booking.booking_changeable, booking.booking_open, booking.booking_role, booking.link_opens;

COMMIT;
