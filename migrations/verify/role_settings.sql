-- Verify hibachi:role_settings on pg
BEGIN;

DO $$
DECLARE
    role text;
    settings text[];
BEGIN
    FOREACH role IN ARRAY '{mh_identity,mh_booking}'::text[] LOOP
        SELECT setconfig INTO settings FROM pg_catalog.pg_db_role_setting s
        JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
        WHERE setrole = role::regrole AND datname = current_database();
        ASSERT settings @> '{statement_timeout=10s,idle_in_transaction_session_timeout=10s}', 'nothing runs for ever';
        ASSERT settings @> ARRAY['default_transaction_isolation=read committed'], 'as the statements expect';
        ASSERT settings @> '{client_min_messages=warning,jit=off}', 'settings';
        ASSERT 'timezone=utc' = ANY (SELECT lower(x) FROM unnest(settings) x), 'one time zone';
    END LOOP;
END $$;

ROLLBACK;
