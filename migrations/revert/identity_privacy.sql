-- Revert hibachi:identity_privacy from pg
BEGIN;

DELETE FROM bus.export_services WHERE service = 'identity';
DROP FUNCTION identity.erase_self, identity.export_items, identity.exports_gather,
    identity.export_request, identity.exports_end, identity.export_json;
DROP TABLE identity.exports;
DROP FUNCTION identity.export_gone;

COMMIT;
