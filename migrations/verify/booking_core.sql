-- Verify hibachi:booking_core on pg
BEGIN;

DO $$
BEGIN
    ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = 'resource_spans_free' AND contype = 'x'),
        'spans that block cannot overlap';
    ASSERT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'state_guard'), 'moves are checked';
    ASSERT NOT EXISTS (SELECT FROM booking.state_moves m JOIN booking.states s ON s.state = m.from_state
                       WHERE m.from_state IN ('completed', 'cancelled', 'no_show')), 'ends are ends';
    ASSERT (SELECT min(notice_hours) FROM booking.cancel_policy) = 0, 'the policy has a last row';
    ASSERT NOT has_table_privilege('mh_booking', 'booking.booking_history', 'UPDATE,DELETE'),
        'history is append-only';
    ASSERT NOT has_table_privilege('mh_booking', 'booking.state_moves', 'INSERT,UPDATE,DELETE'),
        'the service does not change the rules';
END $$;

ROLLBACK;
