-- read: the events that consumers refused, newest first, the first 500
SELECT jsonb_build_object('items', coalesce(jsonb_agg(
           e.value || jsonb_build_object('why', bus.text_masked(e.value->>'why')) ORDER BY e.n),
       '[]')) AS body
  FROM jsonb_array_elements(bus.parked_events_list($1::jsonb)) WITH ORDINALITY AS e (value, n)
