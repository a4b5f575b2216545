-- Revert hibachi:booking_lists from pg
BEGIN;

DROP FUNCTION booking.bookings_newest, booking.bookings_by_start, booking.bookings_count,
    booking.bookings_few, booking.bookings_seen, booking.list_ways, booking.listed_from,
    booking.booking_listed;
DROP TYPE booking.ways;
DROP INDEX booking.bookings_start, booking.bookings_state_start, booking.bookings_station_start,
    booking.bookings_station_state_start, booking.bookings_chef_start, booking.bookings_customer_start,
    booking.bookings_created, booking.bookings_state_created, booking.bookings_station_created,
    booking.bookings_station_state_created, booking.bookings_chef_created, booking.bookings_deleted;

COMMIT;
