-- write: the regular jobs are in the queue; asked for at every start
SELECT identity.schedule($1::jsonb, 'identity.cleanup', 'hour', false),
       identity.schedule($1::jsonb, 'identity.purge', 'day', false),
       identity.schedule($1::jsonb, 'identity.reseal', 'day', false)
