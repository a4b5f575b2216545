-- Deploy hibachi:roles to pg
--
-- One login role a service, all in the group mh_service. Roles belong to the cluster and may be
-- there already, made for another database; they get their passwords from whoever runs the stack.
-- The owner of everything is the role that runs the migrations: it needs CREATEROLE and must own
-- the database.
BEGIN;

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY '{mh_service,mh_identity,mh_booking}'::text[] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
                EXECUTE format('CREATE ROLE %I NOCREATEDB NOCREATEROLE %s',
                               role, CASE role WHEN 'mh_service' THEN 'NOLOGIN' ELSE 'LOGIN' END);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- somebody else migrates another database right now
        END;
    END LOOP;
END $$;

-- A role that holds a right in a database cannot be dropped from another one: see the revert.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY '{mh_identity,mh_booking}'::text[] LOOP
        IF NOT pg_has_role(role, 'mh_service', 'MEMBER') THEN
            EXECUTE format('GRANT mh_service TO %I', role);
        END IF;
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mh_service, mh_identity, mh_booking',
                   current_database());
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

COMMIT;
