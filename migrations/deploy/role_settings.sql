-- Deploy hibachi:role_settings to pg
-- requires: roles
--
-- What the services' sessions run with. A service that connects directly says so itself, with the timeout of its
-- configuration; PgBouncer passes such options on to nobody, so behind it these hold.
BEGIN;

DO $$
DECLARE
    role text;
    setting text;
BEGIN
    FOREACH role IN ARRAY '{mh_identity,mh_booking}'::text[] LOOP
        FOREACH setting IN ARRAY ARRAY[
            'statement_timeout = ''10s''',
            'idle_in_transaction_session_timeout = ''10s''',
            'default_transaction_isolation = ''read committed''',
            'client_min_messages = ''warning''',
            'timezone = ''UTC''',
            'jit = off'] LOOP
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %s', role, current_database(), setting);
        END LOOP;
    END LOOP;
END $$;

COMMIT;
