-- read: whom a mail of template $3 goes to; what an account was deleted for is told to its owner
SELECT u.email, u.name FROM identity.users u
 WHERE $1::jsonb IS NOT NULL AND u.id = $2::uuid AND (u.deleted_at IS NULL OR $3 = 'erasure')
