-- Verify hibachi:booking_merge on pg
BEGIN;

DO $$
DECLARE
    a booking.customers := jsonb_populate_record(NULL::booking.customers,
        '{"name": "", "zip": "95112", "dietary_notes": "e1.k1.a.b"}');
    b booking.customers := jsonb_populate_record(NULL::booking.customers,
        '{"name": "B", "email": "b@example.com", "address_line1": "1 Elm St", "dietary_notes": "e1.k1.c.d"}');
    c booking.customers := booking.customer_filled(a, b);
BEGIN
    ASSERT c.name = 'B' AND c.email = 'b@example.com' AND c.zip = '95112' AND c.address_line1 IS NULL,
           'gaps are filled, an address is one thing';
    ASSERT c.dietary_notes = E'e1.k1.a.b\ne1.k1.c.d', 'no note is lost';
    ASSERT (booking.customer_filled(b, a)).dietary_notes = E'e1.k1.c.d\ne1.k1.a.b', 'either way';
    a.dietary_notes := NULL;
    b.dietary_notes := NULL;
    ASSERT (booking.customer_filled(a, b)).dietary_notes IS NULL, 'no notes are none';
    ASSERT has_table_privilege('mh_booking', 'booking.customer_merges', 'SELECT,INSERT,DELETE'),
           'mergers are the service''s';
END $$;

ROLLBACK;
