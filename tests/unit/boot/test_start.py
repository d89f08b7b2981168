"""The program starts lean: what a child loads is paid by every reader of pages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from boot.cli import run
from boot.speak import Exit

ROOT = Path(__file__).parents[3]


def test_children_do_not_load_the_command_line(tmp_path: Path) -> None:
    """Python tells of every process what it loads, ours and the children's."""
    Image.new("L", (400, 200), 255).save(tmp_path / "trang.png", dpi=(300, 300))
    ran = subprocess.run(
        [
            *(sys.executable, "-X", "importtime", "-m", "boot", "--data-dir", tmp_path / "data"),
            *("ocr", tmp_path / "trang.png", "--out", tmp_path / "out", "--no-pdf"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=120,
    )
    assert (tmp_path / "out" / "trang.json").exists(), ran.stderr[-2000:]
    loaded = [line.rsplit("|", 1)[1].strip() for line in ran.stderr.splitlines() if "import time:" in line]
    assert loaded.count("boot.cli_context") == 1
    assert loaded.count("jobs.sandbox") > 1, "no child told what it loads"


def test_the_command_names_itself_as_people_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["khong-co"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("Usage: vanthu ")


def test_a_question_from_the_command_line_loads_no_signing() -> None:
    """Half of the time that `vanthu search` took to start went into what only a seal needs."""
    ask = "import sys, boot.finding; print(*sorted(m for m in ('pyhanko', 'openpyxl', 'cv2') if m in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stdout.strip() == ""


def test_garbage_is_collected_once_a_command_has_been_loaded(tmp_path: Path) -> None:
    """The collector rests while a command loads; a service that never collected would grow for ever."""
    ask = (
        "import gc, sys, boot.cli_context as context\n"
        "from boot.__main__ import start\n"
        "its = context.settings_of\n"
        "def seen(given):\n"
        "    before = gc.isenabled()\n"
        "    found = its(given)\n"
        "    print(before, gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
        "    return found\n"
        "import boot.cli; boot.cli.settings_of = seen\n"
        "sys.argv = ['vanthu', '--data-dir', sys.argv[1], 'search', 'x']\n"
        "start()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", ask, tmp_path / "data"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ran.stdout.splitlines()[:1] == ["False True True"], ran.stderr
