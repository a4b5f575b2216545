-- write: sets a flag, or with null gives it back to the configuration; in force within seconds
SELECT bus.feature_set($1::jsonb, $2, $3::boolean, $4)
