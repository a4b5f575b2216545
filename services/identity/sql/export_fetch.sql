-- write: the boxes of a page of the caller's own export, while it lasts; that he fetched it is audited
-- $2 the export, $3 the page, $4 bytes of a page
WITH export AS (
    UPDATE identity.exports e
       SET fetched_at = coalesce(e.fetched_at, ($1::jsonb->>'now')::timestamptz)
     WHERE e.id = $2::uuid AND e.user_id = ($1::jsonb->>'user')::uuid AND e.state = 'ready'
       AND e.expires_at > ($1::jsonb->>'now')::timestamptz
    RETURNING *
), audited AS MATERIALIZED (
    SELECT bus.audit($1::jsonb, 'export.fetch', 'user', e.user_id::text, NULL,
                     jsonb_build_object('export_id', e.id, 'page', $3::int))
      FROM export e
)
SELECT e.private_key, e.ready_at, p.service, p.n, p.box, p.pages, (SELECT count(*) FROM audited)
  FROM export e LEFT JOIN bus.export_page(e.id, $3::int, $4::int) p ON true
 ORDER BY p.service, p.n
