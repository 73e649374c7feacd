-- The audit log, for admins.

CREATE OR REPLACE VIEW rage_v1.audit_log WITH (security_invoker = true) AS
SELECT a.at, a.actor, a.action, a.object, a.object_id, b.name AS brand, a.details
FROM rage.audit_log AS a
LEFT JOIN rage.brands AS b USING (brand_id);
COMMENT ON VIEW rage_v1.audit_log IS 'Who changed what and when; admins see what concerns their brands.';
COMMENT ON COLUMN rage_v1.audit_log.at IS 'When.';
COMMENT ON COLUMN rage_v1.audit_log.actor IS 'key:NAME, login:NAME, system for command line and workers, else the role that was logged in.';
COMMENT ON COLUMN rage_v1.audit_log.action IS 'create, update, delete, restore, erase, remove, keep, cancel, grant or revoke.';
COMMENT ON COLUMN rage_v1.audit_log.object IS 'The table of what it was done to.';
COMMENT ON COLUMN rage_v1.audit_log.object_id IS 'Which one; several columns are separated by slashes.';
COMMENT ON COLUMN rage_v1.audit_log.brand IS 'The brand that it belongs to; null: to none.';
COMMENT ON COLUMN rage_v1.audit_log.details IS 'columns: which ones changed; an empty list where only words, tags or products of an image did.';
