-- Verify hibachi:booking_book on pg
BEGIN;

DO $$
BEGIN
    ASSERT booking.changes('{"a": 1, "b": 2, "version": 1}', '{"a": 1, "b": 3, "version": 2}')
           = '{"b": {"from": 2, "to": 3}}', 'what differs';
    ASSERT booking.caller_network('{"ip": "fd00:1:2:3:4::5"}') = 'fd00:1:2:3::'
           AND booking.caller_network('{"ip": "192.0.2.1"}') = '192.0.2.1'
           AND booking.caller_network('{"ip": "192.0.2.1", "user": "x"}') IS NULL, 'where somebody is';
    ASSERT has_table_privilege('mh_booking', 'booking.booking_view', 'SELECT'), 'the service may look';
END $$;

ROLLBACK;
