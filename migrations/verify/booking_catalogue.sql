-- Verify booking_catalogue: the tables are there with their columns, and the service may use them.
BEGIN;

SELECT id, code, time_zone, lat_e5, lead_time_hours, version FROM booking.stations WHERE false;
SELECT id, user_id, name_key, search, deleted_at FROM booking.customers WHERE false;
SELECT id, user_id, skills, availability_version FROM booking.chefs WHERE false;
SELECT chef_id, weekday, span FROM booking.chef_availability WHERE false;
SELECT id, dates, kind FROM booking.chef_exceptions WHERE false;
SELECT id, code, kind, unit, price_cents FROM booking.menu_items WHERE false;
SELECT id, code, station_id, effective_from, value FROM booking.price_rules WHERE false;
SELECT id, weekdays, surcharge_bp FROM booking.price_peaks WHERE false;
SELECT id, changed_at, reason FROM booking.price_change_history WHERE false;
SELECT 1 / (version > 0)::int FROM booking.catalogue_state;
SELECT 1 / has_table_privilege('mh_booking', 'booking.stations', 'SELECT')::int;
SELECT 1 / (NOT has_table_privilege('mh_booking', 'booking.price_change_history', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('mh_identity', 'booking.customers', 'SELECT'))::int;

ROLLBACK;
