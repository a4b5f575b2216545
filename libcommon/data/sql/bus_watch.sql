-- read: versions, feature overrides and revocations since $2
SELECT bus.watch($1::jsonb, $2::timestamptz) AS body
