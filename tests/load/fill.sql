-- Rows in the amounts and with the spread of a business that has been running for years, for the
-- benchmark and for the test of plans. Run by a superuser on a migrated database:
--
--   psql -v customers=1000000 -v bookings=1000000 -v log=1000000 -v rest=200000 -f fill.sql
--
-- `log` is the number of events and of audit rows, `spans` that of the bookings which take a chef's time
-- (all, if not given), `rest` that of everything else. There are fifty stations of ten chefs, with three
-- events a chef and day at most; bookings end 60 days from now, so that everything later is free. Ids end
-- in a number, so that others can make them up: customer n is 0198b000-0000-7000-8000-(100000000000 + n),
-- booking n the same with 0198c000, station a000, chef d000, account e000.
--
-- The whole of it replaces stations, customers, and all that belongs to them. With -v part=customers,
-- bookings or rest it fills that part of an empty database, so that three can run at once; whoever does
-- that ends with VACUUM (ANALYZE).
\set ON_ERROR_STOP on
\if :{?customers} \else \set customers 10000 \endif
\if :{?bookings} \else \set bookings 10000 \endif
\if :{?spans} \else \set spans :bookings \endif
\if :{?log} \else \set log 0 \endif
\if :{?rest} \else \set rest 0 \endif
\if :{?quote} \else \set quote '{}' \endif
\if :{?part} \else \set part all \endif
SELECT :'part' = 'all' AS is_all, :'part' IN ('all', 'customers') AS is_customers,
       :'part' IN ('all', 'bookings') AS is_bookings, :'part' IN ('all', 'rest') AS is_rest \gset

-- Neither triggers nor foreign keys: the rows are consistent as they are.
SET session_replication_role = replica;
SET client_min_messages = warning;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET work_mem = '256MB';
SELECT setseed(0.5) \g /dev/null

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('0198' || kind || '-0000-7000-8000-' || (100000000000 + n))::uuid;

\if :is_all
TRUNCATE booking.stations, booking.customers CASCADE;
\endif

-- Indexes that are made anew afterwards, which is faster than keeping them up.
CREATE TEMPORARY TABLE rebuild AS
SELECT i.indexrelid::regclass::text AS name,
       CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %s DROP CONSTRAINT %s', c.conrelid::regclass, c.conname) END AS away,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %s %s', c.conrelid::regclass, c.conname,
                        pg_get_constraintdef(c.oid)) END AS again
FROM pg_index i
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'x'
WHERE (i.indrelid = 'booking.customers'::regclass AND :'is_customers'::boolean
       OR i.indrelid IN ('booking.bookings'::regclass, 'booking.resource_spans'::regclass)
          AND :'is_bookings'::boolean)
  AND (c.oid IS NOT NULL OR NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid));
SELECT away FROM rebuild \gexec

\if :is_bookings
-- --- stations and chefs ------------------------------------------------------------------------

INSERT INTO booking.zip_areas (zip, city, county, state, lat_e5, lon_e5)
VALUES ('95112', 'San Jose', 'Santa Clara', 'CA', 3735350, -12188650) ON CONFLICT DO NOTHING;

INSERT INTO booking.stations (id, code, name, time_zone, zip, lat_e5, lon_e5, created_at, updated_at)
SELECT pg_temp.id('a000', s), 'load-' || s, 'Station ' || s, 'America/Los_Angeles', '95112', 3735350,
       -12188650, now(), now()
FROM generate_series(0, 49) s;

INSERT INTO booking.chefs (id, user_id, station_id, name, skills, max_events_per_day, created_at, updated_at)
SELECT pg_temp.id('d000', c), pg_temp.id('e300', c), pg_temp.id('a000', c / 10), 'Chef ' || c, '{teppanyaki}', 3,
       now(), now()
FROM generate_series(0, 499) c;

INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)
SELECT pg_temp.id('d000', c), d, '09:00', '02:00'
FROM generate_series(0, 499) c, generate_series(1, 7) d;

UPDATE booking.catalogue_state SET version = version + 1; -- the trigger's work

\endif
\if :is_customers
-- --- customers ---------------------------------------------------------------------------------

-- Names are made of syllables; a few are common and most are rare, as those of people. wrk.lua makes the
-- same ones up to search for.
CREATE TEMPORARY TABLE first_names AS
SELECT initcap(a || b || c) AS name, row_number() OVER (ORDER BY md5(a || b || c)) - 1 AS i
FROM unnest('{ma,jo,an,da,el,mi,ka,li,ro,sa,ja,chris,pat,ste,al}'::text[]) a,
     unnest('{ri,hn,na,vi,iz,cha,te,sa,be,ra,me,ti,phe,ex}'::text[]) b, unnest('{a,"",el,th,n,y,o}'::text[]) c;
CREATE TEMPORARY TABLE last_names AS
SELECT initcap(a || b || c) AS name, row_number() OVER (ORDER BY md5(a || b || c)) - 1 AS i
FROM unnest('{gar,smi,john,will,bro,jon,mil,dav,rod,mar,her,lo,gon,wil,and,tho,tay,moo,jack,lee,ngu,pha,tra,che,
              wan,kim,sat,yam,tan}'::text[]) a,
     unnest('{ci,th,so,iam,wn,es,ler,is,ri,ti,nan,pe,za,er,mas,lor,re}'::text[]) b,
     unnest('{a,"",n,s,ez,son,ng}'::text[]) c;
ANALYZE first_names, last_names;

INSERT INTO booking.customers (id, user_id, station_id, name, email, phone, address_line1, city, state,
                               zip, created_at, updated_at)
SELECT pg_temp.id('b000', p.n), CASE WHEN p.n % 3 = 0 THEN pg_temp.id('e000', p.n) END,
       pg_temp.id('a000', p.n % 50), f.name || ' ' || l.name,
       lower(f.name) || '.' || lower(l.name) || p.n || '@' || CASE WHEN p.n % 10 = 0 THEN 'acme' || p.n % 997 || '.com'
           ELSE (ARRAY['gmail.com', 'yahoo.com', 'hotmail.com', 'icloud.com'])[1 + p.n % 4] END || '.invalid',
       '+1' || (ARRAY[408, 415, 650, 510, 925, 916, 831, 707, 209])[1 + p.n % 9]
            || lpad((p.n * 7919 % 10000000)::text, 7, '0'),
       p.n % 9000 || ' Elm Street', 'San Jose', 'CA', '95112', now(), now()
FROM (SELECT n, floor(random() ^ 3 * 1470)::int AS first, floor(random() ^ 2.5 * 3451)::int AS last
      FROM generate_series(0, :customers::bigint - 1) n OFFSET 0) p
JOIN first_names f ON f.i = p.first JOIN last_names l ON l.i = p.last;

\endif
\if :is_bookings
-- --- bookings and what they take of the chefs' time ------------------------------------------------
-- A chef's k-th booking is in the k-th part of some 22 months, latest first.

INSERT INTO booking.bookings (id, state, station_id, customer_id, chef_id, event_date, event_time,
    time_zone, starts_at, ends_at, duration_minutes, travel_minutes, adults, children, venue_address,
    venue_zip, event_type, contact_name, contact_email, contact_phone, quote, quote_version, total_cents,
    deposit_cents, currency, source, cancelled_at, refund_percent, created_at, updated_at, deleted_at,
    deleted_reason)
SELECT pg_temp.id('c000', b.n), b.state, pg_temp.id('a000', b.chef / 10),
       pg_temp.id('b000', (b.n * 7919) % greatest(:customers, 1)), pg_temp.id('d000', b.chef), b.day, b.at,
       'America/Los_Angeles', b.starts_at, b.starts_at + interval '2 hours', 120, 0, 10 + b.n % 20, b.n % 5,
       b.n % 9000 || ' Elm Street, San Jose', '95112', 'birthday', 'Maria Garcia', 'maria@example.com',
       '+14085550100', :'quote', 1, 55000 + b.n % 100000, 10000, 'USD', 'web',
       CASE WHEN b.state = 'cancelled' THEN b.starts_at - interval '1 day' END,
       CASE WHEN b.state = 'cancelled' THEN 50 END,
       b.starts_at - (5 + b.n % 80) * interval '17 hours', b.starts_at - interval '1 day',
       CASE WHEN b.n % 1999 = 0 THEN b.starts_at - interval '1 hour' END,
       CASE WHEN b.n % 1999 = 0 THEN 'made by mistake' END
FROM (SELECT s.*, (s.day + s.at) AT TIME ZONE 'America/Los_Angeles' AS starts_at,
             CASE WHEN s.day > current_date
                  THEN (ARRAY['pending', 'pending', 'confirmed', 'confirmed', 'confirmed', 'confirmed',
                              'confirmed', 'confirmed', 'confirmed', 'cancelled'])[1 + s.die]
                  ELSE (ARRAY['completed', 'completed', 'completed', 'completed', 'completed', 'completed',
                              'completed', 'completed', 'cancelled', 'no_show'])[1 + s.die] END AS state
      FROM (SELECT n, n % 500 AS chef, floor(random() * 10)::int AS die,
                   current_date + 60 - place / 3 AS day, time '11:00' + place % 3 * interval '4 hours' AS at
            FROM generate_series(0, :bookings::bigint - 1) n,
                 LATERAL (SELECT ((n / 500) * greatest(1, 2001 / (1 + :bookings / 500)))::int)
                     p (place)) s) b;

INSERT INTO booking.resource_spans (resource_id, kind, span, day, booking_id, blocking)
SELECT b.chef_id, 'chef', tstzrange(b.starts_at - interval '30 minutes', b.ends_at + interval '30 minutes'),
       b.event_date, b.id, b.state NOT IN ('cancelled', 'no_show') AND b.deleted_at IS NULL
FROM generate_series(0, :spans::bigint - 1) n JOIN booking.bookings b ON b.id = pg_temp.id('c000', n)
ORDER BY b.chef_id, b.starts_at;

\endif
SELECT again FROM rebuild ORDER BY name \gexec

\if :is_rest
-- --- what belongs to bookings ------------------------------------------------------------------

INSERT INTO booking.booking_addons (booking_id, code, quantity)
SELECT pg_temp.id('c000', n), 'sake_bar', 1 FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO booking.booking_notes (id, booking_id, text, created_at)
SELECT gen_random_uuid(), pg_temp.id('c000', n % 1000 * 7), 'e1.old.AAAA.AAAA', now() - n * interval '1 minute'
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO booking.booking_history (booking_id, at, action, changes)
SELECT pg_temp.id('c000', n), now(), 'created', '{}' FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO booking.holds (id, state, station_id, chef_id, event_date, event_time, duration_minutes,
    starts_at, ends_at, venue_zip, holder, expires_at, created_at, updated_at)
SELECT pg_temp.id('f000', n), CASE WHEN n < 100 THEN 'active' ELSE 'expired' END,
       pg_temp.id('a000', n % 50), pg_temp.id('d000', n % 50 * 10), current_date + 300, '11:00',
       120, now() + interval '300 days', now() + interval '300 days 2 hours', '95112',
       CASE WHEN n < 100 THEN 'user:' || n % 40 END, now() + interval '5 minutes', now(), now()
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO booking.waitlist (id, state, station_id, event_date, from_time, until_time, duration_minutes,
    guest_count, name, email, notified_at, created_at, updated_at)
SELECT pg_temp.id('f100', n), CASE WHEN n % 10 = 0 THEN 'waiting' ELSE 'notified' END,
       pg_temp.id('a000', n % 50), current_date - 300 + (n % 360)::int, '11:00', '22:00', 120, 10,
       'Robin', 'robin' || n || '@example.com', now(), now(), now()
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO booking.calendar_feeds (id, chef_id, created_at, revoked_at)
SELECT pg_temp.id('f200', n), pg_temp.id('d000', n % 500), now(), CASE WHEN n % 2 = 0 THEN now() END
FROM generate_series(0, :rest::bigint / 100 - 1) n;
INSERT INTO booking.chef_exceptions (id, chef_id, dates, kind, created_at)
SELECT gen_random_uuid(), pg_temp.id('d000', n % 500),
       daterange(current_date - 400 - (n / 500)::int * 2, current_date - 399 - (n / 500)::int * 2),
       'unavailable', now()
FROM generate_series(0, :rest::bigint / 4 - 1) n;
INSERT INTO booking.price_change_history (changed_at, entity, code, reason)
SELECT now(), 'rule', 'adult_price', 'as every year' FROM generate_series(1, :rest::bigint / 100) n;

-- --- logs and queues ---------------------------------------------------------------------------

INSERT INTO bus.events (at, id, type, source, subject, data)
SELECT date_trunc('month', now()) + n % 100000 * interval '10 seconds', gen_random_uuid(),
       'booking.created', 'booking', 'booking/' || n, '{"state": "pending"}'
FROM generate_series(0, :log::bigint - 1) n;
INSERT INTO bus.audit_log (at, service, actor, role, action, entity, entity_id)
SELECT date_trunc('month', now()) + n % 100000 * interval '10 seconds', 'booking',
       pg_temp.id('e000', n % 5000), 'ADMIN', 'booking.updated', 'booking', pg_temp.id('c000', n % 200000)::text
FROM generate_series(0, :log::bigint - 1) n;
INSERT INTO bus.jobs (kind, payload, unique_key, state, due_at, created_at)
SELECT CASE WHEN n % 2 = 0 THEN 'booking.purge' ELSE 'identity.mail' END, '{}', 'load-' || n,
       CASE WHEN n % 100 = 0 THEN 'parked' ELSE 'queued' END, now() + n * interval '1 second', now()
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO bus.parked_events (consumer, event_id, event, why, parked_at)
SELECT 'booking.waitlist', gen_random_uuid(), '{}', '22000 refused', now()
FROM generate_series(1, :rest::bigint / 100) n;
INSERT INTO bus.idempotency (caller, key, fingerprint, status, at)
SELECT pg_temp.id('e000', n), 'load-' || n, 'none', 201, now() - n % 5000 * interval '2 minutes'
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO bus.revocations (user_id, generation, at)
SELECT pg_temp.id('e000', n), 1, now() - n * interval '1 second' FROM generate_series(0, :rest::bigint / 4 - 1) n;

-- --- accounts ----------------------------------------------------------------------------------

INSERT INTO identity.users (id, email, kind, name, created_at, updated_at)
SELECT pg_temp.id('e000', n), 'user' || n || '@example.com', CASE WHEN n % 100 = 0 THEN 'staff' ELSE 'customer' END,
       'User ' || n, now() - n * interval '1 minute', now()
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.user_roles (user_id, role, station_id, granted_at)
SELECT pg_temp.id('e000', n), CASE WHEN n % 100 = 0 THEN 'STATION_MANAGER' ELSE 'CUSTOMER' END,
       CASE WHEN n % 100 = 0 THEN pg_temp.id('a000', n / 100 % 50) END, now()
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.recovery_codes (user_id, hash, created_at)
SELECT pg_temp.id('e000', n), sha256(n::text::bytea), now() FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at, expires_at)
SELECT sha256(n::text::bytea), pg_temp.id('e000', n), 'verify', 'user@example.com', now(),
       now() + (n % 1000 - 500) * interval '1 hour' FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.login_history (user_id, at, outcome)
SELECT pg_temp.id('e000', n % 5000), now() - (:rest - n) * interval '2 minutes', 'ok'
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.sessions (id, user_id, created_at, last_used_at, expires_at, mfa)
SELECT pg_temp.id('e100', n), pg_temp.id('e000', n), now(), now(), now() + (n % 1000 - 500) * interval '1 hour', false
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.refresh_tokens (hash, session_id, issued_at, expires_at)
SELECT sha256(n::text::bytea), pg_temp.id('e100', n), now(), now() + (n % 1000 - 500) * interval '1 hour'
FROM generate_series(0, :rest::bigint - 1) n;
INSERT INTO identity.api_keys (id, user_id, name, prefix, hash, permissions, created_at, expires_at)
SELECT pg_temp.id('e200', n), pg_temp.id('e000', n % 5000), 'key', 'load' || n, sha256(n::text::bytea), '{}',
       now() - n * interval '1 minute', now() + interval '90 days'
FROM generate_series(0, :rest::bigint - 1) n;

\endif
\if :is_all
VACUUM (ANALYZE);
\endif
