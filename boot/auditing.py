"""`vanthu audit verify` and `head`: the check runs as a program of its own that knows nothing of this one."""

import subprocess
import sys
from pathlib import Path

import storage.audit_verify
from boot.house import open_house
from boot.settings import Settings
from boot.speak import Exit, result
from records.errors import ArchiveFault


def verify_audit(settings: Settings, head: Path | None) -> Exit:
    """Run the independent verifier on the rows; exit code 1 when it finds the log altered."""
    database = settings.database_url.removeprefix("sqlite:///")
    if database == settings.database_url:
        raise ArchiveFault(
            "the verifier reads SQLite files",
            code="not-supported",
            tell="Bản này mới kiểm tra được nhật ký trong tệp SQLite. Hãy dùng lệnh kiểm tra trên máy chủ dữ liệu.",
        )
    command = [sys.executable, "-I", str(Path(storage.audit_verify.__file__)), database]
    if head is not None:
        command += ["--head", str(head)]
    return Exit.WELL if subprocess.run(command, check=False).returncode == 0 else Exit.NO


def print_head(settings: Settings) -> Exit:
    """Print the log's present head, to be kept where this machine cannot change it."""
    with open_house(settings) as house, house.work.reading() as tx:
        result(tx.audit.head().to_json().decode())
    return Exit.WELL
