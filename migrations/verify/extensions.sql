-- Verify extensions: all three are there.
BEGIN;

SELECT 1 / (count(*) = 3)::int FROM pg_catalog.pg_extension
WHERE extname IN ('btree_gist', 'pg_trgm', 'unaccent');

ROLLBACK;
