-- write: the job that seals texts anew, now; and how many wait for it
-- $2 id of the newest key
SELECT booking.sealed_left($2) AS left, bus.job($1::jsonb, 'booking.reseal', '{"part": 1}', NULL, 'command') AS job
