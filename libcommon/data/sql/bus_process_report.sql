-- write: what this process has to tell: its service's operations, how many requests passed
SELECT bus.process_report($1::jsonb, $2::jsonb)
