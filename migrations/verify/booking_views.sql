-- Verify hibachi:booking_views on pg
BEGIN;

SELECT 1 / has_function_privilege('mh_booking', 'booking.customer_create(jsonb, jsonb)', 'EXECUTE')::int;
SELECT 1 / (booking.price_value('adult_price', NULL, '2000-01-01') > 0)::int;

ROLLBACK;
