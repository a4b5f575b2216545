-- Revert hibachi:bus_rates from pg
BEGIN;

DROP FUNCTION bus.rate_limit_set, bus.rate_limit_json, bus.rate_limits_all, bus.process_report,
    bus.service_take;
DROP TABLE bus.rate_limits, bus.rate_refusals, bus.rate_counts, bus.processes, bus.operations,
    bus.services;
DELETE FROM bus.versions WHERE name = 'rate_limits';

COMMIT;
