-- Verify hibachi:identity_privacy on pg
BEGIN;

DO $$
BEGIN
    ASSERT has_table_privilege('mh_identity', 'identity.exports', 'UPDATE');
    ASSERT NOT has_table_privilege('mh_booking', 'identity.exports', 'SELECT');
    ASSERT EXISTS (SELECT FROM bus.export_services WHERE service = 'identity');
END $$;

ROLLBACK;
