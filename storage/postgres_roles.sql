-- Two roles for one database, so that whoever runs the application cannot change the audit log, nor the tables.
--
-- The OWNER made the database and runs `vanthu migrate`; the APP role runs everything else. Run this as the owner,
-- after the first migration and again whenever you like (it changes nothing the second time):
--
--     psql "postgresql://OWNER@HOST:PORT/DATABASE" -v ON_ERROR_STOP=1 -v app=vanthu_app -f storage/postgres_roles.sql
--
-- The role must exist: CREATE ROLE vanthu_app LOGIN PASSWORD '…';  Triggers keep the log append-only for everybody
-- (storage/postgres.py); this takes the right away as well, and only the owner could drop the triggers.

BEGIN;

-- whoever comes to the database may not make tables in it
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO :"app";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"app";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"app";

-- the log is written and read; a signed head of it gets its stamp, and stays
REVOKE ALL ON audit, heads, alembic_version FROM :"app";
GRANT SELECT, INSERT ON audit TO :"app";
GRANT SELECT, INSERT, UPDATE ON heads TO :"app";
GRANT SELECT ON alembic_version TO :"app";

-- tables that later migrations of this owner make
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"app";

COMMIT;
