"""The engine's file is moved aside, never deleted, and only what is the engine's."""

from datetime import UTC, datetime
from pathlib import Path

from storage.engine_memory import forget_work

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


def test_the_file_and_its_log_are_moved_aside(tmp_path: Path) -> None:
    for name in ("engine.db", "engine.db-wal", "vanthu.db"):
        (tmp_path / name).write_text(name)
    url = f"sqlite:///{tmp_path}/engine.db"
    assert forget_work(url, "", NOW) is True
    assert {p.name for p in tmp_path.iterdir()} == {
        "engine.db.20261126T030000Z",
        "engine.db.20261126T030000Z-wal",
        "vanthu.db",
    }
    assert forget_work(url, "", NOW) is False
