-- Revert hibachi:roles from pg
--
-- A role that another database of the cluster still uses stays; the last revert drops it.
BEGIN;

DO $$
DECLARE
    role text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM mh_service, mh_identity, mh_booking',
                   current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
    FOREACH role IN ARRAY '{mh_booking,mh_identity,mh_service}'::text[] LOOP
        BEGIN
            EXECUTE format('DROP ROLE IF EXISTS %I', role);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role % stays: another database uses it', role;
        END;
    END LOOP;
END $$;

COMMIT;
