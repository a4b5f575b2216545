-- write: secrets that were sealed anew; what changed meanwhile stays. Queues the next batch or the next day
-- $2 [{id, was, now}], $3 the job's payload, $4 the last account of a batch that was full, or null
WITH stored AS (
    UPDATE identity.users u SET mfa_secret = i.now
      FROM jsonb_to_recordset($2::jsonb) AS i (id uuid, was text, now text)
     WHERE u.id = i.id AND u.mfa_secret = i.was
    RETURNING 1
), keys AS (
    UPDATE identity.exports e SET private_key = i.now
      FROM jsonb_to_recordset($2::jsonb) AS i (id uuid, was text, now text)
     WHERE e.id = i.id AND e.private_key = i.was
    RETURNING 1
)
SELECT (SELECT count(*) FROM stored) + (SELECT count(*) FROM keys) AS sealed,
       CASE WHEN $4::uuid IS NULL THEN identity.schedule($1::jsonb, 'identity.reseal', 'day', true)
            ELSE bus.job($1::jsonb, 'identity.reseal', $3::jsonb || jsonb_build_object('after', $4::text), NULL,
                         'after ' || $4) END
