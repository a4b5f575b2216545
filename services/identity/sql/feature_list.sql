-- read: the flags that an administrator has set
SELECT coalesce(jsonb_object_agg(f.name, jsonb_build_object(
           'enabled', f.enabled, 'reason', f.reason, 'changed_by', f.changed_by,
           'changed_at', f.changed_at)), '{}') AS overrides
  FROM bus.features f WHERE $1::jsonb IS NOT NULL
