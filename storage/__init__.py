"""Where bytes and rows rest: blobs, tables, one unit of work, the audit log, migrations."""
