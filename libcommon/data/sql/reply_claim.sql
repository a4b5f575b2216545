-- read: fails when the request's Idempotency-Key was used before
SELECT bus.reply_claim($1::jsonb)
