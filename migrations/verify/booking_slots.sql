-- Verify hibachi:booking_slots on pg
BEGIN;

DO $$
BEGIN
    ASSERT booking.local_to_utc('2026-03-08 01:59', 'America/Los_Angeles') = '2026-03-08 09:59Z', 'before the gap';
    ASSERT booking.local_to_utc('2026-03-08 02:30', 'America/Los_Angeles') IS NULL, 'in the gap';
    ASSERT booking.local_to_utc('2026-03-08 03:00', 'America/Los_Angeles') = '2026-03-08 10:00Z', 'after the gap';
    ASSERT booking.local_to_utc('2026-11-01 01:30', 'America/Los_Angeles') = '2026-11-01 08:30Z', 'the first of two';
    ASSERT booking.zone_offsets('America/Los_Angeles', '2026-03-07Z', '2026-03-09Z')
           = '29547360 -480 29549400 -420', 'offsets and their change';
    ASSERT booking.text_array('["a", "b"]') = '{a,b}' AND booking.text_array(NULL) = '{}', 'lists';
END $$;

ROLLBACK;
