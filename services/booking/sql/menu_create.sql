-- write: a new dish or add-on
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), made AS (
    INSERT INTO booking.menu_items
    SELECT b.*
    FROM claim, (SELECT booking.ctx_now($1::jsonb)) n (at),
         jsonb_populate_record(NULL::booking.menu_items,
             '{"description": "", "max_quantity": 50, "dietary_tags": [], "position": 100, "active": true,
               "version": 1}' || $2::jsonb
             || jsonb_build_object('id', bus.uuid_v7(n.at), 'created_at', n.at, 'updated_at', n.at)) b
    WHERE claim.claimed AND booking.in_scope($1::jsonb, NULL, NULL)
      AND booking.has_room((SELECT count(*) FROM booking.menu_items), 450, 'items')
    RETURNING *
)
SELECT (r.reply).body, (r.reply).etag, (r.reply).location,
       booking.price_record($1::jsonb, 'item', r.code, NULL, NULL, r.shown,
                            coalesce($2::jsonb ->> 'reason', 'A new item of the menu'))
FROM (SELECT m.code, booking.menu_item_json(m) AS shown,
             booking.reply_make($1::jsonb, 201, booking.menu_item_json(m)::json, m.version::text,
                                '/api/v1/admin/menu/' || m.id) AS reply
      FROM made m OFFSET 0) r
