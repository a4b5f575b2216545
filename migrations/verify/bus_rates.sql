-- Verify hibachi:bus_rates on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    report jsonb := '{"process": "verify", "started_at": "2026-03-01T08:00:00Z", "redis": true,
        "leaving": false, "service": {"rate_limit": true, "tiers": {}, "operations": [
            {"name": "verify_get", "method": "GET", "path": "/x", "tier": "public"}]},
        "counts": [{"bucket": "public", "allowed": 1, "refused": 2, "local": 0}],
        "refused": [{"bucket": "public", "caller": "ip 192.0.2.0", "n": 2}]}';
    wanted jsonb := '{"per_minute": 1, "burst": 2, "per_hour": 3}';
BEGIN
    PERFORM bus.process_report(ctx, report), bus.process_report(ctx, report - 'service');
    ASSERT (SELECT allowed = 2 AND refused = 4 FROM bus.rate_counts
            WHERE at = '2026-03-01T09:00:00Z' AND service = bus.service()), 'counts add up';
    ASSERT bus.rate_limit_set(ctx, 'verify_get', wanted, '0', 'verify') @> wanted,
        'a limit is set';
    ASSERT bus.rate_limit_set(ctx, 'verify_none', wanted, '0', 'verify') IS NULL,
        'for what there is only';
    ASSERT bus.rate_limits_all(ctx) @> '[{"operation": "verify_get", "per_hour": 3}]',
        'and found by every process';
    ASSERT has_function_privilege('mh_identity',
               'bus.rate_limit_set(jsonb, text, jsonb, text, text)', 'EXECUTE')
           AND NOT has_function_privilege('mh_booking',
               'bus.rate_limit_set(jsonb, text, jsonb, text, text)', 'EXECUTE'),
        'identity alone sets them';
    ASSERT NOT has_table_privilege('mh_service', 'bus.rate_limits', 'SELECT,INSERT,UPDATE,DELETE'),
        'through functions only';
END $$;

ROLLBACK;
