-- read: what the same request was answered before, under its Idempotency-Key
SELECT status, body, etag, location FROM bus.reply_stored($1::jsonb)
