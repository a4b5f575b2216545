-- Revert hibachi:booking_book from pg
BEGIN;

DROP FUNCTION booking.book, booking.addons_set, booking.booking_insert, booking.duplicate_find,
    booking.reachable, booking.caller_network, booking.customer_for, booking.customer_of_contact,
    booking.customer_of_user, booking.booking_reply, booking.booking_record, booking.mail_due,
    booking.address_lock, booking.mail_lock, booking.is_outsider, booking.is_news,
    booking.changes, booking.booking_event, booking.booking_shown;
DROP VIEW booking.booking_view;

COMMIT;
