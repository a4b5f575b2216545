-- Revert hibachi:bus_exports from pg
BEGIN;

DROP FUNCTION bus.audit_forget_actor, bus.audit_forget, bus.person_masked,
    bus.export_part_add, bus.export_queue, bus.export_end, bus.export_page, bus.export_missing,
    bus.export_open;
DROP TABLE bus.export_parts, bus.export_waits, bus.exports, bus.export_services;

COMMIT;
