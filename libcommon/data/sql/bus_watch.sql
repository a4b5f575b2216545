-- read: versions, feature overrides and revocations since $2; which programs the schema is for; how far upkeep is
-- Revocations are lines of text: there may be more in an hour than a document may have values.
SELECT w.body - 'revocations'
       || jsonb_build_object('schema', bus.schema(), 'months_ahead', bus.months_ahead($1::jsonb)) AS body,
       (SELECT string_agg(concat_ws(' ', r.item->>'user', coalesce(r.item->>'session', '-'),
                                    coalesce(r.item->>'generation', '-'), r.item->>'at_s'), E'\n' ORDER BY r.n)
        FROM jsonb_array_elements(w.body->'revocations') WITH ORDINALITY r (item, n)) AS revocations
FROM bus.watch($1::jsonb, $2::timestamptz) w (body)
