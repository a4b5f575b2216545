-- read: one account, deleted ones too
SELECT identity.user_json(u) AS body, identity.user_etag(identity.user_json(u)) AS etag
  FROM identity.users u
 WHERE u.id = $2::uuid AND identity.visible($1::jsonb, u.id)
