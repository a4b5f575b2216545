-- Deploy extensions: what several schemas build on, so that no schema's revert takes it from another.
BEGIN;

CREATE EXTENSION btree_gist WITH SCHEMA public; -- EXCLUDE over a resource and a span
CREATE EXTENSION pg_trgm WITH SCHEMA public;    -- search by fragments
CREATE EXTENSION unaccent WITH SCHEMA public;   -- search without accents

COMMIT;
