-- write: the hourly upkeep: partitions to come, rows past their time
SELECT bus.maintain($1::jsonb) AS more
