-- read: does the database answer
SELECT '{"status": "healthy"}' AS body WHERE $1::jsonb IS NOT NULL
