-- Deploy hibachi:identity to pg
-- requires: bus_watch
--
-- Accounts, sign-in and rights. Nothing here is a secret that can be used: passwords are argon2id,
-- tokens and codes are SHA-256 of random bits, the MFA secret is sealed by the service.
BEGIN;

CREATE SCHEMA identity;

-- A condition that ends the statement when it does not hold: the code is a row of proto/errors.def,
-- the detail is for the client. CASE, because OR promises no order.
CREATE FUNCTION identity.demand(ok boolean, code text, detail text DEFAULT NULL) RETURNS boolean
LANGUAGE sql VOLATILE
RETURN CASE WHEN ok THEN true ELSE bus.fail(code, detail) END;

-- --- rights ------------------------------------------------------------------------------------

-- In rising order: max() is the widest.
CREATE TYPE identity.scope AS ENUM ('own', 'station', 'all');

-- The names of proto/permissions.def; a test compares.
CREATE TABLE identity.permissions (
    name text PRIMARY KEY
);

CREATE TABLE identity.roles (
    name text PRIMARY KEY,
    title text NOT NULL,
    rank smallint NOT NULL UNIQUE,  -- the highest one is the caller's `role`
    station text NOT NULL CHECK (station IN ('never', 'may', 'must')),  -- is it given at a station?
    version int NOT NULL DEFAULT 1  -- of what it may do
);

CREATE TABLE identity.role_permissions (
    role text NOT NULL REFERENCES identity.roles,
    permission text NOT NULL REFERENCES identity.permissions,
    scope identity.scope NOT NULL,
    PRIMARY KEY (role, permission)
);

INSERT INTO identity.permissions (name) VALUES
    ('users.read'), ('users.write'), ('roles.read'), ('roles.write'), ('audit.read'),
    ('features.read'), ('features.write'), ('api_keys.read'), ('api_keys.write'),
    ('system.read'), ('system.write'), ('customers.read'), ('customers.write'),
    ('customers.delete'), ('chefs.read'), ('chefs.write'), ('stations.read'), ('stations.write'),
    ('menu.write'), ('pricing.read'), ('pricing.write'), ('bookings.read'), ('bookings.write'),
    ('bookings.assign'), ('bookings.delete'), ('notes.read'), ('notes.write'), ('calendar.read'),
    ('stats.read'), ('bookings.run'), ('privacy.write');

INSERT INTO identity.roles (name, title, rank, station) VALUES
    ('SUPER_ADMIN', 'Super administrator', 100, 'never'),
    ('ADMIN', 'Administrator', 80, 'never'),
    ('CUSTOMER_SUPPORT', 'Customer support', 60, 'never'),
    ('STATION_MANAGER', 'Station manager', 50, 'must'),
    ('CHEF', 'Chef', 30, 'may'),
    ('CUSTOMER', 'Customer', 10, 'never');

INSERT INTO identity.role_permissions (role, permission, scope)
    SELECT 'SUPER_ADMIN', name, 'all' FROM identity.permissions
    UNION ALL
    SELECT 'ADMIN', name,
           CASE WHEN name LIKE 'api\_keys.%' THEN 'own' ELSE 'all' END::identity.scope
      FROM identity.permissions
     WHERE name NOT IN ('users.write', 'roles.write')
    UNION ALL
    SELECT 'CUSTOMER_SUPPORT', name, 'all'
      FROM unnest(ARRAY['users.read', 'customers.read', 'customers.write', 'chefs.read',
                        'stations.read', 'pricing.read', 'bookings.read', 'bookings.write',
                        'bookings.run', 'notes.read', 'notes.write', 'calendar.read']) AS name
    UNION ALL
    SELECT 'STATION_MANAGER', name, 'station'
      FROM unnest(ARRAY['users.read', 'customers.read', 'customers.write', 'chefs.read',
                        'chefs.write', 'stations.read', 'stations.write', 'pricing.read',
                        'bookings.read', 'bookings.write', 'bookings.run', 'bookings.assign',
                        'bookings.delete', 'notes.read', 'notes.write', 'calendar.read',
                        'stats.read']) AS name
    UNION ALL
    SELECT 'CHEF', name, 'own'
      FROM unnest(ARRAY['chefs.read', 'chefs.write', 'bookings.read', 'bookings.run',
                        'notes.read', 'calendar.read']) AS name
    UNION ALL
    SELECT 'CUSTOMER', name, 'own'
      FROM unnest(ARRAY['customers.read', 'customers.write', 'bookings.read',
                        'bookings.write']) AS name;

-- --- accounts ----------------------------------------------------------------------------------

CREATE TABLE identity.users (
    id uuid PRIMARY KEY,
    email text NOT NULL
        CONSTRAINT users_email_form
        CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    kind text NOT NULL CHECK (kind IN ('staff', 'customer')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    phone text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'locked', 'disabled')),
    password_hash text,  -- null: invited, no password yet
    email_verified_at timestamptz,
    failed_logins int NOT NULL DEFAULT 0,
    last_failed_at timestamptz,
    locked_until timestamptz,  -- by failed logins; `status` is by people
    last_login_at timestamptz,
    last_mail_at timestamptz,  -- that somebody asked for who was not signed in: one a minute
    mfa_secret text,  -- sealed
    mfa_enabled_at timestamptz CHECK (mfa_enabled_at IS NULL OR mfa_secret IS NOT NULL),
    mfa_last_step bigint,  -- a code works once
    generation int NOT NULL DEFAULT 0,  -- of access tokens: see bus.revocations
    sessions_from int NOT NULL DEFAULT 0,  -- sessions of lower generations have ended
    deleted_at timestamptz,
    deleted_by uuid,
    delete_reason text CHECK (length(delete_reason) BETWEEN 10 AND 500),
    state text NOT NULL
        GENERATED ALWAYS AS (CASE WHEN deleted_at IS NULL THEN status ELSE 'deleted' END) STORED,
    version int NOT NULL DEFAULT 1,  -- of what people edit; not of counters
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
);

CREATE UNIQUE INDEX users_email ON identity.users (email) WHERE deleted_at IS NULL;
CREATE INDEX users_page ON identity.users (kind, state, created_at DESC, id DESC);
CREATE INDEX users_sealed ON identity.users (id) WHERE mfa_secret IS NOT NULL;
CREATE INDEX users_deleted ON identity.users (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX users_search ON identity.users
    USING gin ((name || ' ' || email) public.gin_trgm_ops);

-- An account that was purged is gone from here; who granted stays as a bare id.
CREATE TABLE identity.user_roles (
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    role text NOT NULL REFERENCES identity.roles,
    station_id uuid,  -- of the booking service, which owns stations
    granted_by uuid,
    granted_at timestamptz NOT NULL,
    CONSTRAINT user_roles_once UNIQUE NULLS NOT DISTINCT (user_id, role, station_id)
);

CREATE INDEX user_roles_station ON identity.user_roles (station_id) WHERE station_id IS NOT NULL;
CREATE INDEX user_roles_role ON identity.user_roles (role, user_id);

CREATE TABLE identity.recovery_codes (
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- Links in mails. `email` is where it was sent: it proves that address and no later one.
CREATE TABLE identity.one_time_tokens (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset', 'invite')),
    email text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE INDEX one_time_tokens_user ON identity.one_time_tokens (user_id, purpose, created_at DESC);
CREATE INDEX one_time_tokens_expiry ON identity.one_time_tokens (expires_at);

-- user_id is null for an address that nobody has: it is not kept, its attempt is.
CREATE TABLE identity.login_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid REFERENCES identity.users ON DELETE CASCADE,
    at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('ok', 'wrong_password', 'wrong_code', 'code_required',
                                             'locked', 'disabled', 'unknown')),
    mfa boolean NOT NULL DEFAULT false,
    ip inet,
    user_agent text,
    session_id uuid
);

CREATE INDEX login_history_user ON identity.login_history (user_id, at DESC, id DESC);
CREATE INDEX login_history_at ON identity.login_history USING brin (at);

-- --- sessions ----------------------------------------------------------------------------------

-- A session is a family of refresh tokens: each is used once and names the next. It has the account's
-- generation of its beginning: what ends every session raises that and so ends those too that begin at
-- the same moment, whose rows it cannot see.
CREATE TABLE identity.sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,  -- however often it is refreshed
    generation int NOT NULL DEFAULT 0,
    mfa boolean NOT NULL,
    ip inet,
    user_agent text,
    revoked_at timestamptz,
    revoke_reason text,
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);

CREATE INDEX sessions_user ON identity.sessions (user_id, last_used_at DESC)
    WHERE revoked_at IS NULL;
CREATE INDEX sessions_owner ON identity.sessions (user_id);
CREATE INDEX sessions_expiry ON identity.sessions (expires_at);

CREATE TABLE identity.refresh_tokens (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    session_id uuid NOT NULL REFERENCES identity.sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    replaced_by bytea,
    CHECK ((used_at IS NULL) = (replaced_by IS NULL))
);

CREATE INDEX refresh_tokens_session ON identity.refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON identity.refresh_tokens (expires_at);

CREATE TABLE identity.api_keys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    prefix text NOT NULL CONSTRAINT api_keys_prefix UNIQUE,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    permissions text[] NOT NULL
        CONSTRAINT api_keys_administration
        CHECK (NOT permissions && ARRAY['users.write', 'roles.write', 'api_keys.write']),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    last_used_ip inet,
    revoked_at timestamptz
);

CREATE INDEX api_keys_user ON identity.api_keys (user_id, created_at DESC, id DESC);
CREATE INDEX api_keys_page ON identity.api_keys (created_at DESC, id DESC);

-- --- rules -------------------------------------------------------------------------------------

-- locked and disabled are left by coming back to active; a locked account may be disabled.
CREATE FUNCTION identity.user_status_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM identity.demand(
        (OLD.status, NEW.status) IN (('active', 'locked'), ('active', 'disabled'),
                                     ('locked', 'active'), ('locked', 'disabled'),
                                     ('disabled', 'active')),
        'state_conflict',
        format('An account that is %s cannot become %s.', OLD.status, NEW.status));
    RETURN NEW;
END $$;

CREATE TRIGGER user_status_move BEFORE UPDATE OF status ON identity.users
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION identity.user_status_move();

-- There is always somebody who may do everything, and can sign in. The lock makes two removals at once queue up; the
-- count after it sees the first one's result.
CREATE FUNCTION identity.keep_super_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('identity.keep_super_admin'));
    PERFORM identity.demand(
        EXISTS (SELECT FROM identity.user_roles r JOIN identity.users u ON u.id = r.user_id
                 WHERE r.role = 'SUPER_ADMIN' AND u.status = 'active' AND u.deleted_at IS NULL
                   AND u.password_hash IS NOT NULL),
        'last_super_admin', 'This is the last active super administrator.');
    RETURN NULL;
END $$;

CREATE TRIGGER keep_super_admin AFTER UPDATE OF status, deleted_at ON identity.users
    FOR EACH ROW
    WHEN (OLD.status = 'active' AND OLD.deleted_at IS NULL
          AND (NEW.status <> 'active' OR NEW.deleted_at IS NOT NULL))
    EXECUTE FUNCTION identity.keep_super_admin();

CREATE TRIGGER keep_super_admin AFTER DELETE ON identity.user_roles
    FOR EACH ROW WHEN (OLD.role = 'SUPER_ADMIN')
    EXECUTE FUNCTION identity.keep_super_admin();

-- A role is given at a station exactly where that means something, and an access token has room
-- for eight stations.
CREATE FUNCTION identity.user_role_station() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rule text := (SELECT station FROM identity.roles WHERE name = NEW.role);
BEGIN
    PERFORM identity.demand(rule <> 'must' OR NEW.station_id IS NOT NULL, 'role_station',
                            format('%s is given at a station.', NEW.role));
    PERFORM identity.demand(rule <> 'never' OR NEW.station_id IS NULL, 'role_station',
                            format('%s is not given at a station.', NEW.role));
    PERFORM identity.demand(
        (SELECT count(DISTINCT station_id) <= 8 FROM identity.user_roles
          WHERE user_id = NEW.user_id), 'role_station',
        'An account can have roles at eight stations at most.');
    RETURN NULL;
END $$;

CREATE TRIGGER user_role_station AFTER INSERT ON identity.user_roles
    FOR EACH ROW EXECUTE FUNCTION identity.user_role_station();

-- --- questions ---------------------------------------------------------------------------------

-- What an account may do: the widest scope of each permission over its roles.
CREATE FUNCTION identity.rights(account uuid)
RETURNS TABLE (permission text, scope identity.scope) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT p.permission, max(p.scope)
      FROM identity.user_roles r JOIN identity.role_permissions p ON p.role = r.role
     WHERE r.user_id = account
     GROUP BY p.permission;
END;

-- The stations that an account's rights of scope `station` are about. A token has one list of them for all
-- rights, so a station counts where the account has every one of these rights: who manages one station and
-- may only look at another one is not the manager of both.
CREATE FUNCTION identity.stations(account uuid) RETURNS uuid[] LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT r.station_id), '{}')
      FROM identity.user_roles r
     WHERE r.user_id = account AND r.station_id IS NOT NULL
       AND EXISTS (SELECT FROM identity.role_permissions p
                    WHERE p.role = r.role AND p.scope = 'station')
       AND NOT EXISTS (
            SELECT FROM identity.rights(account) mine
             WHERE mine.scope = 'station'
               AND NOT EXISTS (SELECT FROM identity.user_roles here
                                 JOIN identity.role_permissions p ON p.role = here.role
                                WHERE here.user_id = account AND here.station_id = r.station_id
                                  AND p.permission = mine.permission AND p.scope = 'station'));
END;

-- What goes into an access token.
CREATE FUNCTION identity.claims(account uuid) RETURNS jsonb LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'role', coalesce((SELECT r.name FROM identity.user_roles ur
                            JOIN identity.roles r ON r.name = ur.role
                           WHERE ur.user_id = account ORDER BY r.rank DESC LIMIT 1), ''),
        'generation', (SELECT u.generation FROM identity.users u WHERE u.id = account),
        'stations', to_jsonb(identity.stations(account)),
        'scopes', coalesce((SELECT jsonb_object_agg(permission, scope)
                              FROM identity.rights(account)), '{}'));
END;

-- Is it a session that has not ended? Inlined into its caller.
CREATE FUNCTION identity.goes_on(s identity.sessions, u identity.users) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN (s).revoked_at IS NULL AND (s).generation >= (u).sessions_from;

-- Is the account within the caller's scope for this route?
CREATE FUNCTION identity.visible(ctx jsonb, account uuid) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE ctx->>'scope'
        WHEN 'all' THEN true
        WHEN 'station' THEN EXISTS (SELECT FROM identity.user_roles r
                                     WHERE r.user_id = account
                                       AND ctx->'stations' ? r.station_id::text)
        WHEN 'own' THEN account = (ctx->>'user')::uuid
        ELSE false END;
END;

-- May the caller give this right at this station? Only who has it himself, as wide.
CREATE FUNCTION identity.covers(caller uuid, want text, want_scope identity.scope, at_station uuid)
RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM identity.rights(caller) mine
         WHERE mine.permission = want
           AND (mine.scope = 'all'
                OR (mine.scope >= want_scope
                    AND (want_scope = 'own' OR at_station = ANY (identity.stations(caller))))));
END;

-- Nobody gives or takes a role that can do more than he can.
CREATE FUNCTION identity.may_give(ctx jsonb, given text, at_station uuid) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NOT EXISTS (
        SELECT FROM identity.role_permissions p
         WHERE p.role = given
           AND NOT identity.covers((ctx->>'user')::uuid, p.permission, p.scope, at_station));
END;

-- Nobody changes an account that can do more than he can: its password would be his next.
CREATE FUNCTION identity.may_manage(ctx jsonb, account uuid) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(bool_and(identity.may_give(ctx, r.role, r.station_id)), true)
      FROM identity.user_roles r WHERE r.user_id = account;
END;

-- An account as the API shows it: to its owner, to staff, and in the audit log.
CREATE FUNCTION identity.user_json(u identity.users) RETURNS jsonb LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'id', u.id, 'email', u.email, 'email_verified', u.email_verified_at IS NOT NULL,
        'kind', u.kind, 'name', u.name, 'phone', u.phone, 'status', u.state,
        'locked_until', u.locked_until, 'mfa_enabled', u.mfa_enabled_at IS NOT NULL,
        'roles', coalesce((SELECT jsonb_agg(jsonb_build_object('role', r.role,
                                                               'station_id', r.station_id)
                                            ORDER BY r.role, r.station_id)
                             FROM identity.user_roles r WHERE r.user_id = u.id), '[]'),
        'last_login_at', u.last_login_at, 'deleted_at', u.deleted_at,
        'delete_reason', u.delete_reason, 'created_at', u.created_at, 'updated_at', u.updated_at,
        'version', u.version);
END;

-- An API key as the API and the audit log show it: never the key.
CREATE FUNCTION identity.api_key_json(k identity.api_keys) RETURNS jsonb LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', k.id, 'user_id', k.user_id, 'name', k.name, 'prefix', k.prefix,
    'permissions', to_jsonb(k.permissions), 'created_at', k.created_at,
    'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
    'last_used_ip', host(k.last_used_ip), 'revoked_at', k.revoked_at);

-- What somebody sees of himself.
CREATE FUNCTION identity.me_json(u identity.users) RETURNS jsonb LANGUAGE sql STABLE
RETURN identity.user_json(u) - '{delete_reason,deleted_at,locked_until}'::text[]
    || jsonb_build_object(
           'permissions', identity.claims(u.id) -> 'scopes',
           'recovery_codes_left', (SELECT count(*) FROM identity.recovery_codes c
                                   WHERE c.user_id = u.id AND c.used_at IS NULL));

CREATE FUNCTION identity.user_etag(shown jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN bus.etag((shown->>'version')::int, shown::text);

-- Rows of the audit log, newest first, before the cursor [at, id]. A question a branch: each has
-- its own index. Who may not see all sees what he did himself.
CREATE FUNCTION identity.audit_page(ctx jsonb, by_actor uuid, of_entity text, of_id text,
                                    of_action text, from_at timestamptz, to_at timestamptz,
                                    cursor jsonb, max int)
RETURNS SETOF bus.audit_log LANGUAGE plpgsql STABLE AS $$
DECLARE
    only_actor uuid := CASE WHEN ctx->>'scope' = 'all' THEN by_actor
                            WHEN by_actor IS NULL OR by_actor = (ctx->>'user')::uuid
                            THEN (ctx->>'user')::uuid
                            ELSE '00000000-0000-0000-0000-000000000000' END;
    since timestamptz := coalesce(from_at, '-infinity');
    before_at timestamptz := least(coalesce(to_at, 'infinity'),
                                   coalesce((cursor->>0)::timestamptz, 'infinity'));
    before_id bigint := CASE WHEN before_at = (cursor->>0)::timestamptz THEN (cursor->>1)::bigint
                             ELSE 0 END;
BEGIN
    IF of_entity IS NOT NULL AND of_id IS NOT NULL THEN
        RETURN QUERY SELECT l.* FROM bus.audit_log l
         WHERE l.entity = of_entity AND l.entity_id = of_id
           AND l.at >= since AND (l.at, l.id) < (before_at, before_id)
           AND (only_actor IS NULL OR l.actor = only_actor)
           AND (of_action IS NULL OR l.action = of_action)
         ORDER BY l.at DESC, l.id DESC LIMIT max;
    ELSIF only_actor IS NOT NULL THEN
        RETURN QUERY SELECT l.* FROM bus.audit_log l
         WHERE l.actor = only_actor
           AND l.at >= since AND (l.at, l.id) < (before_at, before_id)
           AND (of_entity IS NULL OR l.entity = of_entity)
           AND (of_action IS NULL OR l.action = of_action)
         ORDER BY l.at DESC, l.id DESC LIMIT max;
    ELSE
        RETURN QUERY SELECT l.* FROM bus.audit_log l
         WHERE l.at >= since AND (l.at, l.id) < (before_at, before_id)
           AND (of_entity IS NULL OR l.entity = of_entity)
           AND (of_action IS NULL OR l.action = of_action)
         ORDER BY l.at DESC, l.id DESC LIMIT max;
    END IF;
END $$;

-- A regular job: of the running hour or day, or of the next one. Each has its own key, so that a
-- job can queue its successor while it is unfinished itself.
CREATE FUNCTION identity.schedule(ctx jsonb, kind text, every text, next boolean) RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT bus.job(ctx, kind, '{}', slot.at,
                   to_char(slot.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24'))
      FROM (SELECT date_trunc(every, (ctx->>'now')::timestamptz, 'UTC')
                   + CASE WHEN next THEN ('1 ' || every)::interval ELSE '0' END) AS slot (at);
END;

-- --- grants ------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA identity TO mh_identity;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA identity TO mh_identity;
GRANT SELECT ON identity.permissions, identity.roles TO mh_identity;
GRANT UPDATE (version) ON identity.roles TO mh_identity;
GRANT SELECT, INSERT, DELETE ON identity.user_roles, identity.login_history TO mh_identity;
GRANT SELECT, INSERT, UPDATE ON identity.api_keys TO mh_identity;
GRANT SELECT, INSERT, UPDATE, DELETE
   ON identity.users, identity.role_permissions, identity.recovery_codes,
      identity.one_time_tokens, identity.sessions, identity.refresh_tokens TO mh_identity;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;

COMMIT;
