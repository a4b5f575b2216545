-- Demo data of booking: two stations, six chefs, a menu, prices, a few customers. Run as the owner; may
-- run again. Ids that other parts know: scripts/demo-users has the accounts.
BEGIN;

-- Approximate centres of ZIP codes, in units of 1e-5 degrees.
INSERT INTO booking.zip_areas (zip, city, county, state, lat_e5, lon_e5) VALUES
    ('94102', 'San Francisco', 'San Francisco', 'CA', 3777930, -12241930),
    ('94103', 'San Francisco', 'San Francisco', 'CA', 3777250, -12241090),
    ('94107', 'San Francisco', 'San Francisco', 'CA', 3776210, -12239710),
    ('94110', 'San Francisco', 'San Francisco', 'CA', 3774860, -12241580),
    ('94114', 'San Francisco', 'San Francisco', 'CA', 3775870, -12243300),
    ('94117', 'San Francisco', 'San Francisco', 'CA', 3777120, -12244130),
    ('94122', 'San Francisco', 'San Francisco', 'CA', 3775860, -12248500),
    ('94301', 'Palo Alto', 'Santa Clara', 'CA', 3744430, -12214970),
    ('94303', 'Palo Alto', 'Santa Clara', 'CA', 3746730, -12213880),
    ('94306', 'Palo Alto', 'Santa Clara', 'CA', 3741800, -12212740),
    ('94025', 'Menlo Park', 'San Mateo', 'CA', 3745190, -12217830),
    ('94040', 'Mountain View', 'Santa Clara', 'CA', 3738550, -12208810),
    ('94041', 'Mountain View', 'Santa Clara', 'CA', 3738930, -12207830),
    ('94043', 'Mountain View', 'Santa Clara', 'CA', 3742830, -12207260),
    ('94061', 'Redwood City', 'San Mateo', 'CA', 3746470, -12223040),
    ('94063', 'Redwood City', 'San Mateo', 'CA', 3749770, -12220700),
    ('94085', 'Sunnyvale', 'Santa Clara', 'CA', 3738860, -12201770),
    ('94086', 'Sunnyvale', 'Santa Clara', 'CA', 3737640, -12202380),
    ('94087', 'Sunnyvale', 'Santa Clara', 'CA', 3735020, -12203490),
    ('94401', 'San Mateo', 'San Mateo', 'CA', 3757350, -12232270),
    ('94402', 'San Mateo', 'San Mateo', 'CA', 3755070, -12232760),
    ('94501', 'Alameda', 'Alameda', 'CA', 3777060, -12226480),
    ('94536', 'Fremont', 'Alameda', 'CA', 3756050, -12199990),
    ('94538', 'Fremont', 'Alameda', 'CA', 3753080, -12197120),
    ('94539', 'Fremont', 'Alameda', 'CA', 3751750, -12192910),
    ('94541', 'Hayward', 'Alameda', 'CA', 3767400, -12208880),
    ('94544', 'Hayward', 'Alameda', 'CA', 3763740, -12206700),
    ('94550', 'Livermore', 'Alameda', 'CA', 3767970, -12176470),
    ('94560', 'Newark', 'Alameda', 'CA', 3753500, -12203100),
    ('94566', 'Pleasanton', 'Alameda', 'CA', 3766580, -12187550),
    ('94568', 'Dublin', 'Alameda', 'CA', 3771660, -12192260),
    ('94587', 'Union City', 'Alameda', 'CA', 3759120, -12205000),
    ('94601', 'Oakland', 'Alameda', 'CA', 3777670, -12221840),
    ('94607', 'Oakland', 'Alameda', 'CA', 3780710, -12228510),
    ('94611', 'Oakland', 'Alameda', 'CA', 3783000, -12222700),
    ('94704', 'Berkeley', 'Alameda', 'CA', 3786640, -12225700),
    ('94709', 'Berkeley', 'Alameda', 'CA', 3787900, -12226700),
    ('94903', 'San Rafael', 'Marin', 'CA', 3801900, -12254900),
    ('95008', 'Campbell', 'Santa Clara', 'CA', 3728030, -12195390),
    ('95014', 'Cupertino', 'Santa Clara', 'CA', 3731800, -12204490),
    ('95020', 'Gilroy', 'Santa Clara', 'CA', 3701340, -12157800),
    ('95030', 'Los Gatos', 'Santa Clara', 'CA', 3721960, -12198030),
    ('95035', 'Milpitas', 'Santa Clara', 'CA', 3743520, -12189500),
    ('95037', 'Morgan Hill', 'Santa Clara', 'CA', 3713530, -12164500),
    ('95050', 'Santa Clara', 'Santa Clara', 'CA', 3735100, -12195250),
    ('95051', 'Santa Clara', 'Santa Clara', 'CA', 3734830, -12198440),
    ('95060', 'Santa Cruz', 'Santa Cruz', 'CA', 3698500, -12204200),
    ('95070', 'Saratoga', 'Santa Clara', 'CA', 3727100, -12202300),
    ('95110', 'San Jose', 'Santa Clara', 'CA', 3734220, -12189960),
    ('95112', 'San Jose', 'Santa Clara', 'CA', 3735350, -12188650),
    ('95113', 'San Jose', 'Santa Clara', 'CA', 3733330, -12189070),
    ('95116', 'San Jose', 'Santa Clara', 'CA', 3735000, -12185200),
    ('95117', 'San Jose', 'Santa Clara', 'CA', 3731140, -12196200),
    ('95123', 'San Jose', 'Santa Clara', 'CA', 3724500, -12183100),
    ('95125', 'San Jose', 'Santa Clara', 'CA', 3729550, -12189400),
    ('95126', 'San Jose', 'Santa Clara', 'CA', 3732700, -12191700),
    ('95128', 'San Jose', 'Santa Clara', 'CA', 3731600, -12193600),
    ('95131', 'San Jose', 'Santa Clara', 'CA', 3738700, -12189700),
    ('95134', 'San Jose', 'Santa Clara', 'CA', 3740900, -12194400),
    ('95202', 'Stockton', 'San Joaquin', 'CA', 3795900, -12128700),
    ('95350', 'Modesto', 'Stanislaus', 'CA', 3767400, -12101100),
    ('95616', 'Davis', 'Yolo', 'CA', 3855300, -12179900),
    ('95630', 'Folsom', 'Sacramento', 'CA', 3867200, -12115000),
    ('95661', 'Roseville', 'Placer', 'CA', 3873500, -12123400),
    ('95670', 'Rancho Cordova', 'Sacramento', 'CA', 3860200, -12128000),
    ('95757', 'Elk Grove', 'Sacramento', 'CA', 3840800, -12142900),
    ('95811', 'Sacramento', 'Sacramento', 'CA', 3858800, -12149300),
    ('95814', 'Sacramento', 'Sacramento', 'CA', 3858100, -12149400),
    ('95816', 'Sacramento', 'Sacramento', 'CA', 3857300, -12146800),
    ('95818', 'Sacramento', 'Sacramento', 'CA', 3855700, -12149300),
    ('95825', 'Sacramento', 'Sacramento', 'CA', 3858900, -12140600),
    ('95833', 'Sacramento', 'Sacramento', 'CA', 3861800, -12151700),
    ('96001', 'Redding', 'Shasta', 'CA', 4055400, -12241800),
    ('90012', 'Los Angeles', 'Los Angeles', 'CA', 3406100, -11823800)
ON CONFLICT (zip) DO NOTHING;

INSERT INTO booking.stations (id, code, name, time_zone, phone, email, address, city, state, zip,
    lat_e5, lon_e5, radius_miles, capacity, lead_time_hours, created_at, updated_at) VALUES
    ('0198a000-0000-7000-8000-0000000000a1', 'bay-area', 'Bay Area', 'America/Los_Angeles',
     '+14085550100', 'bay@myhibachi.test', '1 Demo Street', 'San Jose', 'CA', '95112',
     3735350, -12188650, 100, 10, 48, now(), now()),
    ('0198a000-0000-7000-8000-0000000000a2', 'sacramento', 'Sacramento', 'America/Los_Angeles',
     '+19165550100', 'sac@myhibachi.test', '2 Demo Street', 'Sacramento', 'CA', '95814',
     3858100, -12149400, 80, 6, 48, now(), now())
ON CONFLICT (id) DO NOTHING;

INSERT INTO booking.chefs (id, user_id, station_id, name, email, phone, bio, skills, languages,
    max_events_per_day, home_zip, created_at, updated_at)
SELECT id::uuid, user_id::uuid, station_id::uuid, name, email, phone, bio, skills, languages, 2, zip,
    now(), now()
FROM (VALUES
    ('0198a000-0000-7000-8000-0000000000b1', '0198a000-0000-7000-8000-0000000000c2',
     '0198a000-0000-7000-8000-0000000000a1', 'Kenji Mori', 'chef@myhibachi.test', '+14085550111',
     'Twenty years at the grill; onion volcanoes by request.', '{teppanyaki,sushi}'::text[],
     '{en,ja}'::text[], '95112'),
    ('0198a000-0000-7000-8000-0000000000b2', NULL, '0198a000-0000-7000-8000-0000000000a1',
     'Maria Santos', 'maria@myhibachi.test', '+14085550112', 'Cooks for weddings and companies.',
     '{teppanyaki,vegan}', '{en,es}', '95035'),
    ('0198a000-0000-7000-8000-0000000000b3', NULL, '0198a000-0000-7000-8000-0000000000a1',
     'Daniel Cho', 'daniel@myhibachi.test', '+14085550113', 'Children love his egg tricks.',
     '{teppanyaki}', '{en,ko}', '94086'),
    ('0198a000-0000-7000-8000-0000000000b4', NULL, '0198a000-0000-7000-8000-0000000000a1',
     'Aiko Tanaka', 'aiko@myhibachi.test', '+14085550114', 'Sushi and hibachi.',
     '{teppanyaki,sushi}', '{en,ja}', '94301'),
    ('0198a000-0000-7000-8000-0000000000b5', NULL, '0198a000-0000-7000-8000-0000000000a2',
     'Sam Rivera', 'sam@myhibachi.test', '+19165550111', 'The valley''s own.', '{teppanyaki}',
     '{en,es}', '95814'),
    ('0198a000-0000-7000-8000-0000000000b6', NULL, '0198a000-0000-7000-8000-0000000000a2',
     'Grace Lee', 'grace@myhibachi.test', '+19165550112', 'Gluten-free without losing the fire.',
     '{teppanyaki,gluten_free}', '{en,ko}', '95630')
) AS v (id, user_id, station_id, name, email, phone, bio, skills, languages, zip)
ON CONFLICT (id) DO NOTHING;

-- Every day from nine in the morning to two at night: room for the way home.
INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)
SELECT c.id, d, '09:00', '02:00'
FROM booking.chefs c, generate_series(1, 7) d
WHERE c.id::text LIKE '0198a000-0000-7000-8000-0000000000b_'
ON CONFLICT DO NOTHING;

INSERT INTO booking.menu_items (id, code, kind, name, description, category, unit, price_cents,
    max_quantity, dietary_tags, position, created_at, updated_at)
SELECT gen_random_uuid(), v.*, now(), now()
FROM (VALUES
    ('filet_mignon', 'dish', 'Filet mignon', 'Instead of the usual steak', 'protein', 'each', 500, 50,
     '{gluten_free}'::text[], 10),
    ('lobster_tail', 'dish', 'Lobster tail', 'Instead of shrimp', 'protein', 'each', 1500, 50,
     '{shellfish}', 20),
    ('salmon', 'dish', 'Salmon', 'Wild caught', 'protein', 'each', 0, 50, '{fish,gluten_free}', 30),
    ('tofu', 'dish', 'Tofu', 'With teriyaki sauce', 'protein', 'each', 0, 50, '{vegan}', 40),
    ('sake_bar', 'addon', 'Sake bar', 'Hot and cold sake, poured by the chef', 'drinks', 'per_event',
     12000, 1, '{alcohol}', 100),
    ('yakisoba', 'addon', 'Yakisoba noodles', 'Instead of or beside the rice', 'sides', 'per_guest',
     500, 50, '{vegetarian}', 110),
    ('gyoza', 'addon', 'Gyoza', 'Ten pieces', 'sides', 'each', 1200, 50, '{}', 120),
    ('edamame', 'addon', 'Edamame', 'A bowl for the table', 'sides', 'each', 800, 50, '{vegan}', 130),
    ('tables_chairs', 'addon', 'Tables and chairs', 'Brought, set up and taken home', 'equipment',
     'per_guest', 700, 50, '{}', 200)
) AS v (code, kind, name, description, category, unit, price_cents, max_quantity, dietary_tags, position)
ON CONFLICT (code) DO NOTHING;

INSERT INTO booking.price_peaks (id, label, weekdays, first_day, last_day, surcharge_bp, created_at,
    updated_at) VALUES
    ('0198a000-0000-7000-8000-0000000000d1', 'Independence Day', '{}', '2027-07-04', '2027-07-04',
     1500, now(), now()),
    ('0198a000-0000-7000-8000-0000000000d2', 'New Year''s Eve', '{}', '2026-12-31', '2026-12-31',
     2500, now(), now()),
    ('0198a000-0000-7000-8000-0000000000d3', 'Saturday', '{6}', NULL, NULL, 500, now(), now())
ON CONFLICT (id) DO NOTHING;

INSERT INTO booking.customers (id, user_id, station_id, name, email, phone, address_line1, city, state,
    zip, created_at, updated_at) VALUES
    ('0198a000-0000-7000-8000-0000000000e1', '0198a000-0000-7000-8000-0000000000c1',
     '0198a000-0000-7000-8000-0000000000a1', 'Dana Demo', 'customer@myhibachi.test', '+14085550199',
     '12 Elm Street', 'San Jose', 'CA', '95112', now(), now()),
    ('0198a000-0000-7000-8000-0000000000e2', NULL, '0198a000-0000-7000-8000-0000000000a1',
     'Robin Fields', 'robin@example.com', '+14085550198', '99 Oak Avenue', 'Sunnyvale', 'CA', '94086',
     now(), now()),
    ('0198a000-0000-7000-8000-0000000000e3', NULL, '0198a000-0000-7000-8000-0000000000a2',
     'José Müller', 'jose@example.com', '+19165550198', '3 River Road', 'Sacramento', 'CA', '95814',
     now(), now())
ON CONFLICT DO NOTHING;

COMMIT;
