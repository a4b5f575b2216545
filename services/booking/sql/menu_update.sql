-- write: a dish or add-on; $3 is the version that was read, $4 what changes and why
WITH was AS MATERIALIZED (
    SELECT m.id, m AS old FROM booking.menu_items m
    WHERE m.id = $2::uuid AND booking.in_scope($1::jsonb, NULL, NULL)
      AND (m.version::text = $3 OR bus.fail('precondition_failed'))
    FOR UPDATE
), made AS (
    UPDATE booking.menu_items m
    SET (name, description, category, unit, price_cents, max_quantity, dietary_tags, position, active,
         version, updated_at)
      = (SELECT b.name, b.description, b.category, b.unit, b.price_cents, b.max_quantity, b.dietary_tags,
                b.position, b.active, b.version + 1, booking.ctx_now($1::jsonb)
         FROM jsonb_populate_record(was.old, $4::jsonb) b)
    FROM was WHERE m.id = was.id
    RETURNING m.*
)
SELECT booking.menu_item_json(m) AS body, m.version AS etag,
       CASE WHEN (m.price_cents, m.unit) <> ((was.old).price_cents, (was.old).unit) THEN
           booking.price_record($1::jsonb, 'item', m.code, NULL, booking.menu_item_json(was.old),
                                booking.menu_item_json(m), $4::jsonb ->> 'reason')
       ELSE
           bus.audit($1::jsonb, 'menu_item.updated', 'menu_item', m.id::text, booking.menu_item_json(was.old),
                     booking.menu_item_json(m), $4::jsonb ->> 'reason')
       END
FROM made m JOIN was ON was.id = m.id
