-- Revert extensions.
BEGIN;

DROP EXTENSION unaccent;
DROP EXTENSION pg_trgm;
DROP EXTENSION btree_gist;

COMMIT;
