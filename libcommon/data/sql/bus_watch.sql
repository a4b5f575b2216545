-- read: versions, feature overrides and revocations since $2; which programs the schema is for; how far upkeep is
SELECT bus.watch($1::jsonb, $2::timestamptz)
       || jsonb_build_object('schema', bus.schema(), 'months_ahead', bus.months_ahead($1::jsonb)) AS body
