-- read: the caller's attempts to sign in, newest first
-- $2 cursor [at, id], $3 limit
WITH page AS (
    SELECT h.* FROM identity.login_history h
     WHERE h.user_id = ($1::jsonb->>'user')::uuid
       AND (h.at, h.id) < (coalesce(($2::jsonb->>0)::timestamptz, 'infinity'),
                           coalesce(($2::jsonb->>1)::bigint, 9223372036854775807))
     ORDER BY h.at DESC, h.id DESC LIMIT $3::int + 1
), shown AS (
    SELECT p.* FROM page p ORDER BY p.at DESC, p.id DESC LIMIT $3::int
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
           'at', s.at, 'outcome', s.outcome, 'mfa', s.mfa, 'ip', host(s.ip),
           'user_agent', s.user_agent, 'session_id', s.session_id)
           ORDER BY s.at DESC, s.id DESC), '[]') AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int
            THEN (SELECT jsonb_build_array(l.at, l.id) FROM shown l ORDER BY l.at, l.id LIMIT 1)
       END AS next
  FROM shown s
