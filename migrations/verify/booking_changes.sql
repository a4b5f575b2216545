-- Verify hibachi:booking_changes on pg
BEGIN;

DO $$
BEGIN
    ASSERT booking.refund_percent('168 hours') = 100 AND booking.refund_percent('167 hours 59 minutes') = 50
           AND booking.refund_percent('72 hours') = 50 AND booking.refund_percent('71 hours') = 0
           AND booking.refund_percent('-1 hours') = 0, 'the policy';
    ASSERT booking.patched('{"a": null}', 'a', 'x') IS NULL AND booking.patched('{}', 'a', 'x') = 'x', 'patches';
END $$;

ROLLBACK;
