-- Deploy hibachi:bus_tasks to pg
-- requires: bus_jobs
--
-- The job queue as an operator sees it. Payloads may hold people's data: what is shown is masked.
BEGIN;

-- Free text without addresses and long numbers.
CREATE FUNCTION bus.text_masked(t text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN regexp_replace(regexp_replace(t, '[[:alnum:]._%+-]+@', '***@', 'g'),
                      '\+?[0-9][0-9 .()-]{7,}[0-9]', '***', 'g');

-- Names, ids, times, short numbers and truth values stay; of other text only what is under a name
-- that stands for one of our own words.
CREATE FUNCTION bus.json_masked(j jsonb, name text DEFAULT '') RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t text := j#>>'{}';
BEGIN
    CASE jsonb_typeof(j)
    WHEN 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(m.key, bus.json_masked(m.value, m.key)), '{}')
                FROM jsonb_each(j) m);
    WHEN 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(bus.json_masked(e.value, json_masked.name)), '[]')
                FROM jsonb_array_elements(j) e);
    WHEN 'number' THEN
        RETURN CASE WHEN length(t) < 10 THEN j ELSE '"***"' END;
    WHEN 'string' THEN
        RETURN CASE
            WHEN t ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                 OR t ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{5,15}(Z|[+-][0-9:]{2,5})?)?$'
                 OR (json_masked.name IN ('template', 'about', 'purpose', 'kind', 'type', 'state',
                                          'code') AND t ~ '^[a-z][a-z0-9_.]{0,39}$')
            THEN j ELSE '"***"' END;
    ELSE
        RETURN j;
    END CASE;
END $$;

CREATE FUNCTION bus.task_json(j bus.jobs) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN jsonb_build_object(
           'id', j.id, 'kind', j.kind, 'state', j.state, 'due_at', j.due_at,
           'attempts', j.attempts, 'last_error', bus.text_masked(j.last_error),
           'created_at', j.created_at, 'request_id', j.request_id);

-- Newest first, before the id `before`.
CREATE FUNCTION bus.task_list(ctx jsonb, state text, before bigint, max int)
RETURNS TABLE (body jsonb, next bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH page AS (
        (SELECT * FROM bus.jobs j -- few among many, in their own index
         WHERE j.state = task_list.state AND j.state <> 'queued'
           AND j.id < coalesce(task_list.before, 9223372036854775807)
         ORDER BY j.id DESC LIMIT task_list.max + 1)
        UNION ALL
        (SELECT * FROM bus.jobs j
         WHERE coalesce(task_list.state, 'queued') = 'queued'
           AND (task_list.state IS NULL OR j.state = 'queued')
           AND j.id < coalesce(task_list.before, 9223372036854775807)
         ORDER BY j.id DESC LIMIT task_list.max + 1)),
    shown AS (SELECT * FROM page ORDER BY id DESC LIMIT task_list.max)
    SELECT coalesce(jsonb_agg(bus.task_json(s::bus.jobs) ORDER BY s.id DESC), '[]'),
           CASE WHEN (SELECT count(*) FROM page) > task_list.max THEN min(s.id) END
    FROM shown s;
$$;

-- One of them with its payload.
CREATE FUNCTION bus.task_get(ctx jsonb, id bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT bus.task_json(j) || jsonb_build_object('payload', bus.json_masked(j.payload),
                                                  'worker', j.lease_owner)
    FROM bus.jobs j WHERE j.id = task_get.id;
$$;

-- Locks a job for a change of that operator's. Null: there is none, or it is done.
CREATE FUNCTION bus.task_take(id bigint) RETURNS bus.jobs
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.* FROM bus.jobs j WHERE j.id = task_take.id FOR UPDATE;
$$;

-- Once more, with all its tries: what is parked. Returns the job, or null when there is none.
CREATE FUNCTION bus.task_retry(ctx jsonb, id bigint, reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    job bus.jobs := bus.task_take(task_retry.id);
BEGIN
    IF job.id IS NULL THEN
        RETURN NULL;
    ELSIF job.state <> 'parked' THEN
        PERFORM bus.fail('state_conflict', format('It is %s already.', job.state));
    END IF;
    PERFORM bus.audit(ctx, 'job.retry', 'job', job.id::text,
                      jsonb_build_object('kind', job.kind, 'attempts', job.attempts), NULL,
                      task_retry.reason);
    UPDATE bus.jobs j
    SET state = 'queued', attempts = 0, due_at = (ctx->>'now')::timestamptz
    WHERE j.id = job.id RETURNING j.* INTO job;
    RETURN bus.task_json(job);
EXCEPTION WHEN unique_violation THEN
    PERFORM bus.fail('conflict', 'A newer job does the same.');
END $$;

-- Never: what is queued or parked. What runs cannot be stopped. Returns as bus.task_retry().
CREATE FUNCTION bus.task_cancel(ctx jsonb, id bigint, reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    job bus.jobs := bus.task_take(task_cancel.id);
BEGIN
    IF job.id IS NULL THEN
        RETURN NULL;
    ELSIF job.state = 'running' THEN
        PERFORM bus.fail('state_conflict', 'It is running.');
    END IF;
    DELETE FROM bus.jobs j WHERE j.id = job.id;
    PERFORM bus.audit(ctx, 'job.cancel', 'job', job.id::text,
                      jsonb_build_object('kind', job.kind, 'state', job.state,
                                         'attempts', job.attempts,
                                         'payload', bus.json_masked(job.payload)),
                      NULL, task_cancel.reason);
    RETURN bus.task_json(job);
END $$;

-- How much waits where: {jobs: [{kind, state, n, oldest_due_at}], consumers: [{name, moved_at,
-- behind, parked}]}. `behind` is 1000 at most.
CREATE FUNCTION bus.queues(ctx jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_sort = off AS $$ -- as in bus.events_take()
    SELECT jsonb_build_object(
        'jobs', (SELECT coalesce(jsonb_agg(to_jsonb(g) ORDER BY g.kind, g.state), '[]')
                 FROM (SELECT j.kind, j.state, count(*) AS n, min(j.due_at) AS oldest_due_at
                       FROM bus.jobs j GROUP BY j.kind, j.state) g),
        'consumers', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.consumer, 'moved_at', c.moved_at,
                'behind', (SELECT count(*) FROM (
                              SELECT FROM bus.events e
                              WHERE (e.txid, e.seq) > (c.txid, c.seq)
                              ORDER BY e.txid, e.seq LIMIT 1000) w),
                'parked', (SELECT count(*) FROM bus.parked_events p
                           WHERE p.consumer = c.consumer)) ORDER BY c.consumer), '[]')
             FROM bus.cursors c));
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bus FROM PUBLIC;
-- The API for operators is identity's.
GRANT EXECUTE ON FUNCTION
    bus.task_list, bus.task_get, bus.task_retry, bus.task_cancel, bus.queues, bus.text_masked
TO mh_identity;

COMMIT;
