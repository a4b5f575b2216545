-- Revert hibachi:role_settings from pg
BEGIN;

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY '{mh_identity,mh_booking}'::text[] LOOP
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', role, current_database());
    END LOOP;
END $$;

COMMIT;
