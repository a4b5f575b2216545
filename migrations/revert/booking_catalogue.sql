-- Revert booking_catalogue.
BEGIN;

DROP TABLE booking.price_change_history, booking.price_peaks, booking.price_rules,
    booking.price_codes, booking.menu_items;
DROP FUNCTION booking.chef_windows(uuid, date);
DROP TABLE booking.chef_exceptions, booking.chef_availability, booking.chefs, booking.customers,
    booking.stations, booking.zip_areas, booking.catalogue_state;
DROP FUNCTION booking.catalogue_changed(), booking.masked(jsonb, text);
DROP DOMAIN booking.sealed;
DROP FUNCTION booking.week_span(int, time, time);
DROP FUNCTION booking.is_time_zone(text);
DROP FUNCTION booking.digits(text);
DROP FUNCTION booking.fold(text);
DROP FUNCTION booking.in_scope(jsonb, uuid, uuid);
DROP SCHEMA booking;

COMMIT;
