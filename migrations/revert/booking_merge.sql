-- Revert hibachi:booking_merge from pg
BEGIN;

DROP FUNCTION booking.accounts_link, booking.account_link, booking.contact_take, booking.account_prove,
    booking.customer_unmerge, booking.customer_unfilled, booking.customer_merge, booking.customer_fold,
    booking.bookings_move, booking.customer_write, booking.customer_filled, booking.customers_lock;
DROP TABLE booking.gone_accounts, booking.customer_merges;

COMMIT;
