-- Verify hibachi:booking_lists on pg
BEGIN;

DO $$
DECLARE
    nobody jsonb := '{"scope": "own", "user": "00000000-0000-4000-8000-000000000000"}';
    station jsonb := '{"scope": "station", "stations": ["00000000-0000-4000-8000-000000000000"]}';
BEGIN
    ASSERT booking.listed_from('{}') = '-infinity', 'without a day there is no bound';
    ASSERT booking.bookings_count(nobody, '{}') = 0, 'who has none sees none';
    ASSERT NOT EXISTS (SELECT FROM booking.bookings_by_start(nobody, '{}', NULL, 1)), 'nor a page of them';
    ASSERT NOT EXISTS (SELECT FROM booking.bookings_newest(station, '{}', NULL, 1)), 'nor another station''s';
END $$;

ROLLBACK;
