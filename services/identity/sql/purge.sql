-- write: accounts deleted 30 days ago are gone for good; queues itself for the next day
WITH gone AS (
    DELETE FROM identity.users u
     WHERE u.id IN (SELECT o.id FROM identity.users o
                     WHERE o.deleted_at < ($1::jsonb->>'now')::timestamptz - interval '30 days'
                     ORDER BY o.deleted_at LIMIT 1000)
    RETURNING u.id
)
SELECT (SELECT count(*) FROM gone) AS accounts,
       (SELECT count(bus.emit($1::jsonb, 'identity.user.purged', g.id::text,
                              jsonb_build_object('user_id', g.id))) FROM gone g),
       (SELECT count(bus.audit($1::jsonb, 'user.purge', 'user', g.id::text, NULL, NULL))
          FROM gone g),
       (SELECT bus.audit_forget($1::jsonb, 'user', array_agg(g.id::text)) FROM gone g
        HAVING count(*) > 0),
       (SELECT bus.audit_forget_actor($1::jsonb, array_agg(g.id)) FROM gone g HAVING count(*) > 0),
       identity.schedule($1::jsonb, 'identity.purge', 'day', true)
