-- Revert hibachi:booking_views from pg
BEGIN;

DROP FUNCTION booking.price_set, booking.price_record, booking.price_json, booking.price_value,
    booking.price_peak_json, booking.has_room,
    booking.menu_item_json, booking.customer_restore,
    booking.customer_delete, booking.customer_update, booking.customer_create, booking.customer_open,
    booking.customer_reply, booking.customer_record, booking.customer_json,
    booking.chef_exception_remove, booking.chef_exception_add, booking.chef_week_set,
    booking.chef_hours_record, booking.chef_open, booking.chef_exception_json, booking.chef_week_json, booking.chef_json, booking.station_json,
    booking.weekdays_numbered, booking.weekday_number, booking.weekday_name;

COMMIT;
