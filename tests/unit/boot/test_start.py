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
