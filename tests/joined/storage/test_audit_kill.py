"""kill -9 at every named point of the keeper: the next one ends what was begun, and no head or segment is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.audit_keeper import AuditKeeper
from records.clock import SystemClock
from signing.demo_pki import ROOTS, create_demo_pki
from signing.timestamps import DemoTimeStamps
from storage.audit_segments import head_counts, segment_ranges
from storage.audit_verify import check, events
from storage.audit_verify.heads import load_heads, note_keys
from storage.audit_verify.stamps import load_roots
from storage.folder import FolderStore
from storage.tables import open_tables
from storage.tree_notes import PUBLISHED, create_audit_key, load_audit_keys
from storage.work import Work
from tests.cases.audit_keeper import do
from tests.cases.database import SqliteDatabase

pytestmark = pytest.mark.joined

ROUND = """
import sys
from pathlib import Path
from tests.joined.storage.test_audit_kill import keeper, opened
home = Path(sys.argv[1])
keeper(home, opened(home)).round()
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "keys"
    create_demo_pki(folder, "Lưu trữ thử nghiệm", SystemClock())
    create_audit_key(folder)
    return folder


def opened(home: Path) -> Work:
    tables = open_tables(f"sqlite:///{home}/vanthu.db")
    tables.migrate()
    return Work(tables, SystemClock())


def keeper(home: Path, work: Work) -> AuditKeeper:
    keys = home / "keys"
    stamps = DemoTimeStamps(keys, work.clock)
    return AuditKeeper(work, FolderStore(home / "copy"), load_audit_keys(keys), stamps, home)


@pytest.mark.parametrize(
    "point",
    [
        "audit-head-signed",
        "audit-head-kept",
        "audit-segment-stored",
        "audit-head-stored",
        "audit-stamp-given",
        "audit-stamp-kept",
        "audit-stamp-stored",
    ],
)
def test_a_killed_keeper_is_followed_by_another(point: str, keys: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").symlink_to(keys)
    work = opened(tmp_path)
    do(work, 5)
    died = subprocess.run(
        [sys.executable, "-c", ROUND, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"VANTHU_CRASHPOINT": point},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    SqliteDatabase(tmp_path / "vanthu.db").ask("DELETE FROM leases")  # as if a minute had passed
    do(work, 2)
    keeper(tmp_path, work).round()
    keeper(tmp_path, work).head_now()
    keeper(tmp_path, work).round()
    store = FolderStore(tmp_path / "copy")
    counts = head_counts(store)
    assert counts[-1] == 7
    assert [last for _, last in segment_ranges(store)] == counts
    heads = load_heads([tmp_path / "copy"], note_keys([str(keys / PUBLISHED)]), load_roots([keys / ROOTS]))
    assert (heads.signed, heads.faults) == (len(counts), ())
    assert heads.stamped == 1
    assert check(events(str(tmp_path / "copy")), heads.good).intact
    assert check(events(str(tmp_path / "vanthu.db")), heads.good, events(str(tmp_path / "copy"))).intact
    work.tables.dispose()
