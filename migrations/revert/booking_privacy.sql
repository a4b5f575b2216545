-- Revert hibachi:booking_privacy from pg
BEGIN;

DELETE FROM bus.export_services WHERE service = 'booking';
DROP FUNCTION booking.accounts_forget, booking.person_forget, booking.chef_forget,
    booking.bookings_forget, booking.customer_purge, booking.customer_forget, booking.export_items,
    booking.customers_of;

COMMIT;
