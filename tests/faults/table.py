"""Every fault caused on purpose, what must come of it, and the tests that prove it; `make faults` runs them all.

The numbers are those of the reliability reference, §3. docs/reliability.md shows this table with what was seen.
"""

from dataclasses import dataclass

_FAULTS = "tests/faults/"
_STORAGE, _JOINED = "tests/unit/storage/", "tests/joined/storage/"


@dataclass(frozen=True)
class FaultCase:
    """One fault. `tests` are pytest node ids; without any, `reason` says why it cannot be caused here (yet)."""

    number: str
    injected: str
    expected: str
    tests: tuple[str, ...] = ()
    reason: str = ""


TABLE: tuple[FaultCase, ...] = (
    FaultCase(
        "F01",
        "kill -9 of the door at random moments and at every named point of the write protocol",
        "0 acknowledged files lost or doubled, one receipt a key, ready within 30 s",
        (
            f"{_FAULTS}test_campaign.py::test_embedded_house",
            f"{_FAULTS}test_campaign.py::test_cluster_house",
            f"{_FAULTS}test_points.py",
            "tests/unit/ingest/test_receive.py",
            f"{_JOINED}test_kill_put_once.py",
        ),
    ),
    FaultCase(
        "F02",
        "kill -9 of workers, and of the engine alone on SQLite and PostgreSQL",
        "work goes on elsewhere, each effect once; at most what was in hand is repeated",
        (
            f"{_FAULTS}test_campaign.py::test_engine_on_sqlite",
            f"{_FAULTS}test_campaign.py::test_engine_on_postgresql",
            "tests/walk/test_workers.py::test_two_workers_share_a_batch_and_one_dies",
            "tests/unit/jobs/test_crew.py",
        ),
    ),
    FaultCase(
        "F03",
        "kill -9 of PostgreSQL with all its children, three times in a burst of uploads",
        "no acknowledged loss, 503 with Retry-After, well again by itself",
        (
            f"{_FAULTS}test_servers.py::test_database_killed_in_a_burst",
            f"{_JOINED}test_postgres_faults.py::test_the_server_is_killed_at_any_moment",
        ),
    ),
    FaultCase(
        "F04",
        "connection cut after COMMIT was sent, before its answer",
        "the same key gives one file and one receipt",
        (
            f"{_FAULTS}test_servers.py::test_connection_cut_while_committing",
            f"{_JOINED}test_postgres_commits.py",
        ),
    ),
    FaultCase(
        "F05",
        "PostgreSQL (and SQLite) on a disk without room for rows and log",
        "503, no receipt; well again when there is room",
        (
            f"{_FAULTS}test_disks.py::test_database_disk_full",
            f"{_JOINED}test_postgres_faults.py::test_full_disk",
            f"{_JOINED}test_full_disk.py::test_database_on_a_full_disk",
        ),
    ),
    FaultCase(
        "F06",
        "database read-only; tables locked; server frozen; every connection in use",
        "an answer in bounded time (503), reading goes on",
        (
            f"{_FAULTS}test_servers.py::test_database_read_only_then_locked",
            f"{_JOINED}test_postgres_waits.py",
            f"{_JOINED}test_postgres_faults.py::test_frozen",
        ),
    ),
    FaultCase(
        "F07",
        "either store away, before and after the bytes were sent; its server killed",
        "no receipt, the same request goes through later; what was stored is there after a kill",
        (
            f"{_FAULTS}test_servers.py::test_stores_away_lying_and_slow",
            f"{_JOINED}test_s3_buckets.py::test_server_that_is_killed_comes_back_with_everything",
            f"{_JOINED}test_s3_faults.py::test_copy_that_goes_away_half_way_leaves_nothing_acknowledged",
        ),
    ),
    FaultCase(
        "F08",
        "S3 answers 500/503 on some calls, drips, resets in the middle of a body",
        "bridged by a few tries, else an end in bounded time; no half object",
        (
            f"{_FAULTS}test_servers.py::test_stores_away_lying_and_slow",
            f"{_JOINED}test_s3_faults.py::test_put_gets_through_after_some_failures",
            f"{_JOINED}test_s3_faults.py::test_put_that_never_gets_through_is_not_acknowledged",
            f"{_JOINED}test_s3_faults.py::test_parts_survive_a_failure_at_each_call",
        ),
    ),
    FaultCase(
        "F09",
        "S3 says 200 but holds other bytes",
        "reading back tells: no receipt",
        (
            f"{_FAULTS}test_servers.py::test_stores_away_lying_and_slow",
            f"{_JOINED}test_s3_faults.py::test_store_that_gives_back_other_bytes_than_it_was_given",
        ),
    ),
    FaultCase(
        "F10",
        "a download gives truncated, changed or foreign bytes",
        "no wrong byte leaves; the copy serves, the damage is written down",
        (
            f"{_JOINED}test_s3_faults.py::test_no_wrong_byte_leaves_and_the_copy_helps",
            "tests/unit/api/test_documents_api.py::test_changed_bytes_are_never_a_complete_download",
            f"{_STORAGE}test_paired_folders.py",
        ),
    ),
    FaultCase(
        "F11",
        "bits flipped in one store, in the other, in both",
        "all found by the next pass, mended from the good one; both bad: flagged, listed, an alarm",
        (f"{_STORAGE}test_fixity.py", f"{_JOINED}test_fixity_s3.py"),
    ),
    FaultCase(
        "F12",
        "objects deleted, emptied, swapped behind our back",
        "as F11; never a gap that other bytes could fill",
        (f"{_STORAGE}test_fixity.py", f"{_STORAGE}test_reconcile.py", f"{_JOINED}test_paired_s3.py"),
    ),
    FaultCase(
        "F13",
        "disk of the store full",
        "503 or 507, no receipt, reading goes on, the same request goes through afterwards",
        (
            f"{_FAULTS}test_disks.py::test_store_full",
            f"{_JOINED}test_full_disk.py",
            f"{_JOINED}test_s3_buckets.py::test_full_server",
        ),
    ),
    FaultCase(
        "F14",
        "spool and quarantine full; no names left",
        "507 (or 503), temporary files gone, the door alive",
        (
            f"{_FAULTS}test_disks.py::test_spool_full",
            "tests/unit/api/test_problems.py::test_a_full_spool_is_507_and_leaves_nothing",
            f"{_JOINED}test_full_disk.py::test_no_names_left",
        ),
    ),
    FaultCase(
        "F15",
        "search server away while files come in",
        "received and archived all the same; found once it is back",
        (f"{_FAULTS}test_servers.py::test_index_away_while_documents_are_archived",),
    ),
    FaultCase(
        "F16",
        "index deleted, blocked, of somebody else; its disk full; its server silent",
        "503, never an empty answer; one command makes it anew",
        (
            "tests/joined/search/test_elastic_faults.py",
            "tests/joined/search/test_elastic_index.py::test_a_rebuild_while_others_search_and_write",
            "tests/joined/api/test_door_on_servers.py::test_an_index_that_is_not_there_is_never_an_empty_answer",
        ),
    ),
    FaultCase(
        "F17",
        "the index still holds what the rows have made secret",
        "no hit, no count, no page, at once",
        (f"{_FAULTS}test_servers.py::test_index_that_knows_an_older_secrecy",),
    ),
    FaultCase(
        "F18",
        "notes for the index done twice and out of order, by sleeping and dying writers",
        "the newest version of a document stands",
        (
            "tests/joined/search/test_elastic_index.py::"
            "test_a_writer_that_sleeps_at_any_step_overwrites_nothing",
            "tests/joined/search/test_elastic_index.py::test_two_processes_write_the_same_documents",
        ),
    ),
    FaultCase(
        "F19",
        "fifty requests at once under one key; the same key with other bytes",
        "one file, one receipt; 409 for the others",
        (
            f"{_FAULTS}test_processes.py::test_fifty_at_once_under_one_key",
            "tests/unit/api/test_once.py::test_fifty_at_once_are_one_effect",
            "tests/joined/api/test_door_on_servers.py::test_fifty_at_once_are_one_effect",
        ),
    ),
    FaultCase(
        "F20",
        "many writers on one row, one batch, one document, on both databases",
        "no lost update, every promise of the rows holds",
        (f"{_STORAGE}test_races.py", f"{_JOINED}test_postgres_rows.py"),
    ),
    FaultCase(
        "F21",
        "hanging, looping, greedy and crashing children; pages of absurd size",
        "ended at their limit, no orphan, the others go on",
        (
            "tests/unit/jobs/test_children.py",
            "tests/unit/jobs/test_endings.py",
            "tests/joined/ocr/test_reading_limits.py",
        ),
    ),
    FaultCase(
        "F22",
        "a tool that the walk needs is not there",
        "nothing passes unread and nothing is refused: the walk waits, and goes on when it is back",
        (
            f"{_FAULTS}test_processes.py::test_a_tool_that_is_missing",
            "tests/joined/ocr/test_writing_read_back.py::test_without_poppler_the_tool_is_named",
        ),
    ),
    FaultCase("F23", "virus scanner away", "files stay closed", reason="the product has no virus scanner"),
    FaultCase(
        "F24",
        "clocks set back and forth",
        "the log counts by number, nothing is due for ever, no seal with a wrong time",
        (
            f"{_STORAGE}test_audit_keeper.py::TestKeeper::test_a_clock_set_back_does_not_stop_the_heads",
            f"{_STORAGE}test_fixity.py::test_a_clock_that_was_turned_back_makes_nothing_due_for_ever",
            "tests/unit/signing/test_timestamps.py::test_clock_skew_over_a_minute_refuses",
            "tests/unit/signing/test_seal.py::test_a_clock_an_hour_off_its_authority_refuses",
        ),
    ),
    FaultCase(
        "F25",
        "time-stamp authority away, silent, lying",
        "no seal without a proven time; the walk waits and goes on",
        (
            f"{_FAULTS}test_processes.py::test_no_time_to_be_had",
            "tests/unit/signing/test_timestamps.py",
            f"{_STORAGE}test_audit_keeper.py::TestKeeper::"
            "test_an_authority_that_is_away_holds_up_nothing_and_invents_nothing",
        ),
    ),
    FaultCase(
        "F26",
        "sign-on service away or lying",
        "sessions live on, bad tokens are refused",
        reason="the product has local accounts only",
    ),
    FaultCase(
        "F27",
        "SIGTERM with half an upload under way; worker asked to stop",
        "ended within 30 s, the retry is the one receipt, no lease left",
        (
            f"{_FAULTS}test_processes.py::test_asked_to_stop_during_an_upload",
            "tests/walk/test_workers.py::test_a_worker_asked_to_stop_finishes_its_pages_and_leaves_no_lease",
            "tests/walk/test_stop.py",
        ),
    ),
    FaultCase(
        "F28",
        "migration killed half-way; several at once; the version before beside the new tables",
        "the old version or the new one, nothing between; nothing lost",
        (f"{_STORAGE}test_migrations.py", f"{_JOINED}test_postgres_migrations.py"),
    ),
    FaultCase(
        "F29",
        "backup of a busy archive, restored elsewhere",
        "one moment of it, every document of that moment whole",
        (
            "tests/unit/ingest/test_backup.py::TestBackup::test_a_backup_of_a_busy_archive_is_one_moment",
            "tests/unit/ingest/test_backup.py::TestBackup::test_restored_work_goes_on",
            "tests/joined/ingest/test_restore_drill.py",
        ),
    ),
    FaultCase(
        "F30",
        "each part of a backup damaged or missing",
        "refused before the target is touched",
        (
            "tests/unit/ingest/test_backup.py::TestBackup::test_every_part_is_needed_and_every_byte_counts",
            "tests/unit/ingest/test_backup.py::TestBackup::test_a_full_target_is_left_alone_unless_told",
        ),
    ),
    FaultCase(
        "F31",
        "database lost, only the stores remain; bytes lost, only the database remains",
        "the last state comes back; every row without bytes is listed",
        ("tests/unit/ingest/test_rebuild.py", "tests/joined/ingest/test_books_on_cluster.py"),
    ),
    FaultCase(
        "F32",
        "rows of the log edited, deleted, inserted, swapped, cut, hashed anew: hundreds at random",
        "the verifier names the first bad entry or the head that broke, every time",
        (
            f"{_STORAGE}test_audit_edits.py",
            f"{_STORAGE}test_audit_verifier.py",
            f"{_JOINED}test_audit_postgres.py",
        ),
    ),
    FaultCase(
        "F33",
        "clearing up beside uploads of the same bytes",
        "nothing that a row may come to need is ever deleted; only old drafts go",
        (
            f"{_STORAGE}test_reconcile.py::test_rows_and_bytes_that_come_meanwhile_are_no_drift",
            f"{_STORAGE}test_reconcile.py::test_old_drafts_are_dropped_only_when_repairing",
            "tests/unit/ingest/test_sweep.py",
        ),
    ),
    FaultCase(
        "F34",
        "hundreds of slow clients and floods of uploads",
        "readers are served, the flood is told to wait",
        ("tests/unit/api/test_listening.py",),
    ),
)
