-- Verify hibachi:booking_book on pg
BEGIN;

DO $$
BEGIN
    ASSERT booking.changes('{"a": 1, "b": 2, "version": 1}', '{"a": 1, "b": 3, "version": 2}')
           = '{"b": {"from": 2, "to": 3}}', 'what differs';
    ASSERT booking.booking_json('00000000-0000-4000-8000-000000000000') IS NULL, 'nothing is nothing';
    ASSERT has_table_privilege('mh_booking', 'booking.booking_view', 'SELECT'), 'the service may look';
END $$;

ROLLBACK;
