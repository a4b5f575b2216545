-- read: one dish or add-on, offered or not
SELECT booking.menu_item_json(m) AS body, m.version AS etag
FROM booking.menu_items m WHERE m.id = $2::uuid AND $1::jsonb IS NOT NULL
