-- Verify hibachi:roles on pg
BEGIN;

DO $$
BEGIN
    ASSERT pg_has_role('mh_identity', 'mh_service', 'USAGE'), 'mh_identity is a service';
    ASSERT pg_has_role('mh_booking', 'mh_service', 'USAGE'), 'mh_booking is a service';
    ASSERT NOT pg_has_role('mh_booking', 'mh_identity', 'MEMBER'), 'services are apart';
    ASSERT has_database_privilege('mh_service', current_database(), 'CONNECT'), 'may connect';
    ASSERT NOT has_database_privilege('mh_service', current_database(), 'CREATE'), 'no schemas';
    ASSERT NOT has_schema_privilege('mh_service', 'public', 'CREATE'), 'no tables in public';
END $$;

ROLLBACK;
