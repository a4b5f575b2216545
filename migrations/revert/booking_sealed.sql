-- Revert hibachi:booking_sealed from pg
BEGIN;

DROP FUNCTION booking.sealed_store, booking.sealed_left, booking.sealed_old, booking.is_old;
DROP INDEX booking.bookings_sealed, booking.customers_sealed;

COMMIT;
