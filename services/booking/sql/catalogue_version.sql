-- read: has the catalogue changed
SELECT version FROM booking.catalogue_state WHERE $1::jsonb IS NOT NULL
