-- What samples.py asks for and fill.sql does not have. Ids as there; run after it, by a superuser.
\set ON_ERROR_STOP on
SET session_replication_role = replica;

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('0198' || kind || '-0000-7000-8000-' || (100000000000 + n))::uuid;

-- --- booking -----------------------------------------------------------------------------------

UPDATE booking.bookings SET state = 'pending', cancelled_at = NULL, refund_percent = NULL,
    special_requests = 'e1.old.AAAA.AAAA'
WHERE id = pg_temp.id('c000', 2037);
UPDATE booking.bookings SET state = 'confirmed', cancelled_at = NULL, refund_percent = NULL
WHERE id = pg_temp.id('c000', 1999);
UPDATE booking.customers SET deleted_at = now() - n * interval '1 day', deleted_reason = 'asked for it himself'
FROM unnest('{1,31}'::int[]) n WHERE id = pg_temp.id('b000', 10000 + n);
UPDATE booking.customers SET dietary_notes = 'e1.old.AAAA.AAAA' WHERE id = pg_temp.id('b000', 4902);
UPDATE booking.holds SET expires_at = now() - interval '1 minute' WHERE id = pg_temp.id('f000', 3);
INSERT INTO booking.booking_notes (id, booking_id, text, created_at)
VALUES (pg_temp.id('f400', 0), pg_temp.id('c000', 2037), 'e1.old.AAAA.AAAA', now());
INSERT INTO booking.chef_exceptions (id, chef_id, dates, kind, created_at)
VALUES (pg_temp.id('f000', 0), pg_temp.id('d000', 37), '[2100-01-01,2100-01-02)', 'unavailable', now());
INSERT INTO booking.resource_spans (resource_id, kind, span, day, booking_id, blocking)
SELECT pg_temp.id('d000', 37), 'assistant', tstzrange(b.starts_at, b.ends_at), b.event_date, b.id, false
FROM generate_series(0, 1999) n JOIN booking.bookings b ON b.id = pg_temp.id('c000', n * 400 + 36);
INSERT INTO booking.equipment (id, station_id, name, created_at, updated_at)
VALUES (pg_temp.id('f000', 0), pg_temp.id('a000', 3), 'Grill', now(), now());
INSERT INTO booking.menu_items (id, code, kind, name, category, unit, price_cents, created_at, updated_at)
VALUES (pg_temp.id('f000', 0), 'sake_bar', 'addon', 'Sake bar', 'bar', 'each', 100, now(), now());
INSERT INTO booking.price_peaks (id, label, weekdays, surcharge_bp, created_at, updated_at)
VALUES (pg_temp.id('f000', 0), 'Fair', '{6}', 500, now(), now());

-- --- identity ----------------------------------------------------------------------------------

INSERT INTO identity.users (id, email, kind, name, password_hash, created_at, updated_at)
VALUES (pg_temp.id('e999', 0), 'root@example.com', 'staff', 'Root', 'hash', now(), now());
INSERT INTO identity.user_roles (user_id, role, granted_at) VALUES (pg_temp.id('e999', 0), 'SUPER_ADMIN', now());
UPDATE identity.users SET mfa_secret = 'secret' WHERE id IN (pg_temp.id('e000', 4901), pg_temp.id('e000', 4903));
UPDATE identity.users SET mfa_enabled_at = now(), mfa_last_step = 1 WHERE id = pg_temp.id('e000', 4901);
UPDATE identity.users SET deleted_at = now(), delete_reason = 'asked for it himself' WHERE id = pg_temp.id('e000', 4904);
UPDATE identity.one_time_tokens t SET purpose = p, email = u.email
FROM (VALUES (4902, 'verify'), (4903, 'reset')) w (n, p), identity.users u
WHERE u.id = pg_temp.id('e000', n) AND t.hash = sha256(n::text::bytea);

-- --- bus ---------------------------------------------------------------------------------------

UPDATE bus.jobs SET state = 'running', fence = 1, lease_owner = 'me' WHERE id = 1000;
UPDATE bus.jobs SET state = 'parked', unique_key = NULL WHERE id = 1001;
INSERT INTO bus.parked_events (consumer, event_id, event, why, parked_at)
SELECT consumer, pg_temp.id('f000', 0), '{}', '22000 refused', now()
FROM unnest('{booking.waitlist,identity.sample}'::text[]) consumer;
INSERT INTO bus.idempotency (caller, key, fingerprint, status, body, at)
VALUES (pg_temp.id('e999', 0), 'a-kept-key', 'none', 200, '{}', now());
INSERT INTO bus.services (name, rate_limit, tiers) VALUES ('booking', true, '{"public": {}}'), ('identity', true, '{}');
INSERT INTO bus.operations (service, name, method, path, tier) VALUES ('booking', 'sample', 'GET', '/', 'public');
INSERT INTO bus.rate_counts (at, service, bucket, allowed, refused, local)
SELECT date_trunc('minute', now()) - n % 1440 * interval '1 minute', 'booking', 'public ' || n / 1440, 1, 0, 0
FROM generate_series(0, 59999) n;
INSERT INTO bus.rate_refusals (at, service, bucket, caller, refused)
SELECT date_trunc('hour', now()) - n % 24 * interval '1 hour', 'booking', 'public', 'caller ' || n, n
FROM generate_series(0, 4799) n;
INSERT INTO bus.exports (id, created_at) SELECT pg_temp.id('e400', n), now() FROM generate_series(0, 20000) n;
INSERT INTO bus.export_waits (export_id, service)
SELECT pg_temp.id('e400', 0), unnest('{booking,identity}'::text[]);
INSERT INTO bus.export_parts (export_id, service, n, box)
SELECT pg_temp.id('e400', n), 'booking', 1, 'b1.box' FROM generate_series(0, 20000) n;
INSERT INTO identity.exports (id, user_id, state, requested_by, private_key, created_at, ready_at, expires_at,
    ended_at)
SELECT pg_temp.id('e400', n), pg_temp.id('e000', CASE WHEN n < 2 THEN 4904 + n ELSE n % 4900 END),
       (ARRAY['gathering', 'ready'])[n + 1], pg_temp.id('e999', 0), 'e1.old.AAAA.AAAA', now(),
       CASE WHEN n = 1 THEN now() END, CASE WHEN n = 1 THEN now() + interval '7 days' END, NULL
FROM generate_series(0, 1) n
UNION ALL
SELECT pg_temp.id('e400', n), pg_temp.id('e000', n % 4900), 'ended', pg_temp.id('e999', 0), NULL,
       now() - n * interval '1 minute', NULL, NULL, now()
FROM generate_series(2, 20000) n;
-- The consumers are where these begin.
INSERT INTO bus.cursors (consumer, txid, seq)
SELECT consumer, max(e.txid::text::numeric)::text::xid8, max(e.seq)
FROM bus.events e, unnest('{booking.waitlist,booking.forget,booking.accounts,booking.people,booking.export,
                                identity.exports}'::text[]) consumer GROUP BY consumer;
INSERT INTO bus.events (at, id, type, source, subject, data)
SELECT now(), gen_random_uuid(), 'booking.cancelled', 'booking', 'booking/' || n, jsonb_build_object(
    'station_id', pg_temp.id('a000', n), 'event_date', current_date + 30)
FROM generate_series(0, 49) n;
INSERT INTO bus.events (at, id, type, source, subject, data)
SELECT now(), gen_random_uuid(), 'identity.user.verified', 'identity', c.id::text, jsonb_build_object(
    'user_id', gen_random_uuid(), 'kind', 'customer', 'email', lower(c.email), 'name', 'Robin')
FROM booking.customers c WHERE c.id BETWEEN pg_temp.id('b000', 20) AND pg_temp.id('b000', 40);
INSERT INTO bus.events (at, id, type, source, subject, data)
SELECT now(), gen_random_uuid(), 'customer.purged', 'booking', 'customer/' || n, jsonb_build_object(
    'customer_id', pg_temp.id('b000', n))
FROM generate_series(0, 49) n;
INSERT INTO bus.events (at, id, type, source, subject, data)
SELECT now(), gen_random_uuid(), 'identity.user.purged', 'identity', n::text, jsonb_build_object(
    'user_id', pg_temp.id('e000', n))
FROM generate_series(0, 49) n;
INSERT INTO bus.events (at, id, type, source, subject, data)
SELECT now(), gen_random_uuid(), type, 'identity', n::text, jsonb_build_object(
    'export_id', pg_temp.id('e400', n), 'user_id', pg_temp.id('e000', n), 'public_key', 'key', 'service', 'booking')
FROM generate_series(0, 1) n, unnest('{privacy.export.requested,privacy.export.answered}'::text[]) type;
