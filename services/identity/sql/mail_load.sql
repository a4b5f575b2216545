-- read: whom a mail goes to
SELECT u.email, u.name FROM identity.users u
 WHERE $1::jsonb IS NOT NULL AND u.id = $2::uuid AND u.deleted_at IS NULL
