-- replica: the customers who match a fragment of name, e-mail or phone, best first
--
-- $2 is the text, $3 how many. Every word must match. Three looks, each bounded, and a later one only
-- when those before it did not find enough: names that begin with the text, and whole addresses and
-- numbers; the newest customers, which finds what is common; and the trigram index, which finds what is
-- rare. Staff of stations look at each of their stations by itself: what is common elsewhere does not
-- matter then.
--
-- How many is asked for by way of `asked`, so that a plan for certain values looks no better than the one for
-- all values: planning this takes as long as most searches.
WITH asked AS MATERIALIZED (
    SELECT CASE WHEN $2 ~ '^[0-9 ().+-]*[0-9][0-9 ().+-]*$' THEN booking.digits($2) ELSE booking.fold(btrim($2)) END
        COLLATE "C" AS q,
        $1::jsonb ->> 'scope' AS scope, $3::int AS max
), words AS MATERIALIZED (
    -- A word of one or two letters is looked for at the beginning of words only: the shortest thing that
    -- has a trigram. The index is asked for the two longest words, and not for single letters. What has
    -- neither letters nor digits is no word.
    SELECT patterns, patterns[1] AS longest, coalesce(patterns[2], patterns[1]) AS second,
           (SELECT q COLLATE "default" ~ '[[:alnum:]]{3}|(^|\s)[[:alnum:]]{2}(\s|$)' FROM asked) AS rare_enough
    FROM (SELECT array_agg(CASE WHEN char_length(w) < 3 THEN '% ' ELSE '%' END
                           || regexp_replace(w, '([\\%_])', '\\\1', 'g') || '%'
                           ORDER BY char_length(w) DESC) AS patterns
          FROM asked, regexp_split_to_table(q, '\s+') w WHERE w COLLATE "default" ~ '[[:alnum:]]') p
), stations AS MATERIALIZED (
    SELECT s::uuid AS id FROM asked, jsonb_array_elements_text($1::jsonb -> 'stations') s WHERE scope = 'station'
), begins AS MATERIALIZED (
    (SELECT c.id, c.name_key, 1 AS rank FROM booking.customers c
     WHERE (SELECT scope = 'all' FROM asked) AND c.deleted_at IS NULL
       AND c.name_key >= (SELECT q FROM asked) AND c.name_key < (SELECT q || U&'\FFFD' FROM asked)
     ORDER BY c.name_key, c.id LIMIT (SELECT max FROM asked))
    UNION ALL
    SELECT l.* FROM stations s, LATERAL (
        SELECT c.id, c.name_key, 1 FROM booking.customers c
        WHERE c.station_id = s.id AND c.deleted_at IS NULL
          AND c.name_key >= (SELECT q FROM asked) AND c.name_key < (SELECT q || U&'\FFFD' FROM asked)
        ORDER BY c.name_key, c.id LIMIT (SELECT max FROM asked)) l
    UNION ALL
    (SELECT c.id, c.name_key, 1 FROM booking.customers c
     WHERE c.deleted_at IS NULL AND lower(c.email) = (SELECT q FROM asked)
       AND booking.in_scope($1::jsonb, c.user_id, c.station_id) LIMIT (SELECT max FROM asked))
    UNION ALL
    (SELECT c.id, c.name_key, 1 FROM booking.customers c
     WHERE c.deleted_at IS NULL
       AND c.phone = ANY ((SELECT ARRAY['+' || q, '+1' || q] FROM asked)::text[])
       AND booking.in_scope($1::jsonb, c.user_id, c.station_id) LIMIT (SELECT max FROM asked))
    UNION ALL
    SELECT c.id, c.name_key, 1 FROM booking.customers c
    WHERE (SELECT scope = 'own' FROM asked) AND c.user_id = ($1::jsonb ->> 'user')::uuid
      AND c.deleted_at IS NULL AND c.search LIKE ALL ((SELECT patterns FROM words)::text[])
), wanted AS MATERIALIZED (
    -- A whole address or number that was found is all that was asked for.
    SELECT CASE WHEN hits > 0 AND q ~ '@.*\.|^[0-9]{10}' OR scope = 'own' THEN 0
                ELSE max - hits END AS n
    FROM asked, (SELECT count(DISTINCT id) AS hits FROM begins) b
), newest AS MATERIALIZED (
    SELECT n.id, n.name_key, 2 AS rank
    FROM ((SELECT c.id, c.name_key, c.search FROM booking.customers c
           WHERE c.deleted_at IS NULL AND (SELECT n > 0 AND scope = 'all' FROM wanted, asked)
           ORDER BY c.id DESC LIMIT 2000)
          UNION ALL
          SELECT l.* FROM stations s, LATERAL (
              SELECT c.id, c.name_key, c.search FROM booking.customers c
              WHERE c.station_id = s.id AND c.deleted_at IS NULL AND (SELECT n > 0 FROM wanted)
              ORDER BY c.id DESC LIMIT 100) l) n
    WHERE n.search LIKE ALL ((SELECT patterns FROM words)::text[])
    LIMIT (SELECT greatest(n, 0) FROM wanted)
), still_wanted AS MATERIALIZED (
    SELECT scope, longest, second, patterns FROM asked, words, wanted
    WHERE rare_enough AND n > (SELECT count(*) FROM newest)
), anywhere AS MATERIALIZED (
    (SELECT c.id, c.name_key, 3 AS rank FROM still_wanted w, booking.customers c
     WHERE w.scope = 'station' AND ARRAY[c.station_id] && ARRAY(SELECT id FROM stations) AND c.deleted_at IS NULL
       AND c.search LIKE w.longest AND c.search LIKE w.second AND c.search LIKE ALL (w.patterns)
     LIMIT 2 * (SELECT max FROM asked))
    UNION ALL
    (SELECT c.id, c.name_key, 3 FROM still_wanted w, booking.customers c
     WHERE w.scope = 'all' AND c.deleted_at IS NULL
       AND c.search LIKE w.longest AND c.search LIKE w.second AND c.search LIKE ALL (w.patterns)
     LIMIT 2 * (SELECT max FROM asked))
), found AS (
    SELECT id, min(rank) AS rank, name_key
    FROM (SELECT * FROM begins UNION ALL SELECT * FROM newest UNION ALL SELECT * FROM anywhere) hits
    GROUP BY id, name_key ORDER BY 2, 3, 1 LIMIT (SELECT max FROM asked)
)
SELECT coalesce(jsonb_agg(booking.customer_json(c) ORDER BY f.rank, f.name_key, c.id), '[]') AS body
FROM found f JOIN booking.customers c USING (id)
