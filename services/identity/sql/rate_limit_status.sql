-- read: how the rate limits go: what the processes told in the last $2 minutes
WITH span AS (
    SELECT t.now, t.now - make_interval(mins => $2::int) AS since
      FROM (SELECT ($1::jsonb->>'now')::timestamptz AS now) t
), counted AS (
    SELECT c.service, c.bucket, sum(c.allowed)::bigint AS allowed,
           sum(c.refused)::bigint AS refused, sum(c.local)::bigint AS local
      FROM span, bus.rate_counts c WHERE c.at > span.since AND c.at <= span.now
     GROUP BY c.service, c.bucket
), running AS (
    SELECT p.service, count(*) AS n, bool_and(p.redis) AS every, bool_or(p.redis) AS some
      FROM span, bus.processes p
     WHERE p.seen_at BETWEEN span.now - interval '3 minutes' AND span.now + interval '3 minutes'
     GROUP BY p.service
), services AS (
    SELECT s.name, s.tiers, coalesce(r.n, 0) AS n,
           CASE WHEN r.n IS NULL THEN 'gone' WHEN NOT s.rate_limit THEN 'off'
                WHEN r.every THEN 'redis' WHEN r.some THEN 'mixed' ELSE 'local' END AS mode
      FROM bus.services s LEFT JOIN running r ON r.service = s.name
), refusals AS (
    SELECT r.service, r.bucket, r.caller, sum(r.refused)::bigint AS refused
      FROM span, bus.rate_refusals r
     WHERE r.at >= date_trunc('hour', span.since) AND r.at <= span.now
     GROUP BY r.service, r.bucket, r.caller
     ORDER BY sum(r.refused) DESC, r.service, r.bucket, r.caller LIMIT 20
)
SELECT jsonb_build_object(
    'at', span.now, 'minutes', $2::int,
    'mode', (SELECT CASE WHEN count(DISTINCT s.mode) = 1 THEN min(s.mode)
                         WHEN count(*) = 0 THEN 'gone' ELSE 'mixed' END
               FROM services s WHERE s.mode <> 'gone'),
    'services', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'service', s.name, 'mode', s.mode, 'processes', s.n,
            'tiers', (SELECT coalesce(jsonb_agg(t.rate || jsonb_build_object(
                          'tier', t.tier, 'allowed', coalesce(c.allowed, 0),
                          'refused', coalesce(c.refused, 0), 'local', coalesce(c.local, 0))
                          ORDER BY t.tier), '[]')
                        FROM jsonb_each(s.tiers) t (tier, rate)
                        LEFT JOIN counted c ON (c.service, c.bucket) = (s.name, t.tier)))
            ORDER BY s.name), '[]') FROM services s),
    'overrides', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'operation', l.operation, 'per_minute', l.per_minute, 'burst', l.burst,
            'per_hour', l.per_hour, 'allowed', coalesce(c.allowed, 0),
            'refused', coalesce(c.refused, 0), 'local', coalesce(c.local, 0))
            ORDER BY l.operation), '[]')
        FROM bus.rate_limits l
        LEFT JOIN (SELECT c.bucket, sum(c.allowed)::bigint AS allowed,
                          sum(c.refused)::bigint AS refused, sum(c.local)::bigint AS local
                     FROM counted c GROUP BY c.bucket) c ON c.bucket = l.operation),
    'most_refused', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.refused DESC, r.service,
                                                                    r.bucket, r.caller), '[]')
                       FROM refusals r)) AS body
  FROM span
