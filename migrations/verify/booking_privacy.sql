-- Verify hibachi:booking_privacy on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    account uuid := '0198a000-0000-7000-8000-0000000000c1';
BEGIN
    ASSERT EXISTS (SELECT FROM bus.export_services WHERE service = 'booking');
    INSERT INTO booking.customers (id, user_id, name, created_at, updated_at)
    VALUES (account, account, 'Jo', '2026-03-01', '2026-03-01');
    ASSERT (SELECT array_agg(i.item -> 'customer' ->> 'name') FROM booking.export_items(account, NULL, 9) i)
           = '{Jo}', 'what is kept is shown';
    PERFORM booking.person_forget(ctx, account);
    ASSERT NOT EXISTS (SELECT FROM booking.export_items(account, NULL, 9)), 'until it is forgotten';
    ASSERT (SELECT name || user_id IS NULL AND purged_at IS NOT NULL FROM booking.customers WHERE id = account);
END $$;

ROLLBACK;
