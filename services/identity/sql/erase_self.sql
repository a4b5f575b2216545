-- write: the caller's account is deleted at his wish, and is gone for good in 30 days
SELECT body FROM identity.erase_self($1::jsonb)
