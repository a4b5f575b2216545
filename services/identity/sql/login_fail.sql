-- write: a login that was not right: counted against the account, which locks itself for a while
-- $2 account or null, $3 outcome, $4 user agent, $5 failures until the first lock, $6 its length
-- and $7 the longest one in seconds. An attempt while locked is not counted: who keeps trying
-- cannot keep the owner out for longer. Failures of more than a day ago are forgotten.
WITH account AS (
    SELECT u.id, ($1::jsonb->>'now')::timestamptz AS now, u.mfa_enabled_at IS NOT NULL AS mfa,
           coalesce(u.locked_until > ($1::jsonb->>'now')::timestamptz, false) AS locked,
           CASE WHEN u.last_failed_at > ($1::jsonb->>'now')::timestamptz - interval '1 day'
                THEN u.failed_logins + 1 ELSE 1 END AS failures
      FROM identity.users u WHERE u.id = $2::uuid
       FOR UPDATE
), counted AS (
    UPDATE identity.users u
       SET failed_logins = a.failures, last_failed_at = a.now,
           locked_until = CASE WHEN a.failures >= $5::int
                               THEN a.now + make_interval(secs => least(
                                        $7::int, $6::int * 2 ^ least(a.failures - $5::int, 20)))
                          END
      FROM account a
     WHERE u.id = a.id AND NOT a.locked AND $3 IN ('wrong_password', 'wrong_code')
    RETURNING u.id, u.locked_until, a.failures
), history AS (
    INSERT INTO identity.login_history (user_id, at, outcome, mfa, ip, user_agent)
    SELECT a.id, ($1::jsonb->>'now')::timestamptz, $3, coalesce(a.mfa, false),
           ($1::jsonb->>'ip')::inet, $4
      FROM (VALUES (1)) one LEFT JOIN account a ON true
)
SELECT c.locked_until IS NOT NULL AS locked,
       CASE WHEN c.locked_until IS NOT NULL
            THEN bus.audit($1::jsonb, 'user.lock_out', 'user', c.id::text, NULL,
                           jsonb_build_object('failures', c.failures,
                                              'locked_until', c.locked_until)) END,
       CASE WHEN c.failures = $5::int
            THEN bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                     'template', 'locked_out', 'user', c.id)) END
  FROM (VALUES (1)) one LEFT JOIN counted c ON true
