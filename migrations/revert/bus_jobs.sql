-- Revert hibachi:bus_jobs from pg
BEGIN;

DROP FUNCTION bus.job_fail, bus.job_finish, bus.job_renew, bus.job_claim, bus.job;
DROP TABLE bus.jobs;

COMMIT;
