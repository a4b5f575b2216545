-- Revert hibachi:bus from pg
BEGIN;

SET LOCAL client_min_messages = warning; -- not a list of all that goes
DROP SCHEMA bus CASCADE;

COMMIT;
