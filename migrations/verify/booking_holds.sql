-- Verify hibachi:booking_holds on pg
BEGIN;

DO $$
BEGIN
    ASSERT NOT booking.hold_expire('{"now": "2026-03-01T09:00:00Z"}', '00000000-0000-4000-8000-000000000000'),
        'a hold that is not there is not expired';
    ASSERT (SELECT count(*) FROM booking.hold_release('{"now": "2026-03-01T09:00:00Z"}',
            '00000000-0000-4000-8000-000000000000')) = 0, 'nor released';
END $$;

ROLLBACK;
