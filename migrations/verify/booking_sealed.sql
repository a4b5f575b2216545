-- Verify hibachi:booking_sealed on pg
BEGIN;

DO $$
BEGIN
    ASSERT NOT booking.is_old('e1.k1.a.b', 'k1') AND booking.is_old('e1.k2.a.b', 'k1')
           AND booking.is_old(E'e1.k1.a.b\ne1.k1.a.b', 'k1'), 'what is old';
    ASSERT 'e1.k1.aB-_9.b'::booking.sealed IS NOT NULL AND NULL::booking.sealed IS NULL, 'what is sealed';
    ASSERT has_function_privilege('mh_booking', 'booking.sealed_store(jsonb, jsonb, jsonb, uuid)', 'EXECUTE'),
           'the service may store';
    BEGIN
        PERFORM 'no nuts'::booking.sealed;
        ASSERT false, 'plain text is refused';
    EXCEPTION WHEN check_violation THEN
        NULL;
    END;
END $$;

ROLLBACK;
