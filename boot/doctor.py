"""`vanthu doctor`: what this machine has, what it lacks, and the one line that mends it."""

import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from boot.childroom import open_children
from boot.settings import Settings
from boot.speak import Exit, console, emit, say
from language.letters import VIETNAMESE_LETTERS
from ocr.recognise import engine_version
from records.errors import ArchiveFault
from signing.demo_pki import is_complete
from signing.key_table import read_key_table
from signing.keys import load_keys

_LEAST_FREE_GIB = 2
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing looked for. `needed` tells whether the main job stops without it; `hint` is the command to run."""

    name: str
    good: bool
    needed: bool
    told: str
    hint: str = ""


def doctor(settings: Settings, *, as_json: bool) -> Exit:
    """Look at everything and print it; exit code 4 when something needed is missing."""
    found = list(_look(settings))
    if as_json:
        for one in found:
            emit(asdict(one))
    else:
        table = Table("", "Thành phần", "Tình trạng", "Cách khắc phục", box=None)
        for one in found:
            mark = "[green]✓[/]" if one.good else "[red]✗[/]" if one.needed else "[yellow]–[/]"
            table.add_row(mark, one.name, one.told, "" if one.good else one.hint)
        console.print(table)
    missing = [one for one in found if one.needed and not one.good]
    if missing and not as_json:
        say(f"Còn thiếu {len(missing)} thành phần bắt buộc. Chạy `make setup` để cài tất cả.")
    return Exit.MISSING_TOOL if missing else Exit.WELL


def _look(settings: Settings) -> Iterator[Found]:
    version = platform.python_version()
    yield Found(
        "Python", sys.version_info >= (3, 11), True, version, "sudo apt-get install python3 python3-venv"
    )
    yield Found(
        "SQLite",
        sqlite3.sqlite_version_info >= (3, 37),
        True,
        sqlite3.sqlite_version,
        "Nâng cấp hệ điều hành",
    )
    yield _tesseract(settings)
    yield _program(
        "poppler (pdftotext)", "pdftotext", ("-v",), "sudo apt-get install poppler-utils", needed=True
    )
    yield _program(
        "LibreOffice (văn bản Word)",
        "soffice",
        ("--version",),
        "sudo apt-get install libreoffice-writer-nogui fonts-croscore",
        needed=False,
    )
    yield _program("poppler (pdfsig)", "pdfsig", ("-v",), "sudo apt-get install poppler-utils", needed=False)
    yield _program("qpdf", "qpdf", ("--version",), "sudo apt-get install qpdf", needed=False)
    yield _font()
    yield _program(
        "Chromium (kiểm thử giao diện)",
        "chromium",
        ("--version",),
        "sudo apt-get install chromium",
        needed=False,
    )
    yield _program(
        "Java (bộ kiểm PDF/A và DSS)",
        "java",
        ("-version",),
        "sudo apt-get install default-jdk-headless maven",
        needed=False,
    )
    yield _sandbox(settings)
    yield _keys(settings)
    yield _folder(settings)


def _keys(settings: Settings) -> Found:
    """Open every signing key. One that cannot be opened stops who asks for it; that of the archive stops everything."""
    name, folder, hint = "Khóa ký", settings.keys_dir, "Xem docs/howto/keys.md"
    broken: dict[str, str] = {}
    try:
        if read_key_table(folder) is None and not is_complete(folder):
            return Found(name, False, False, "chưa có", "vanthu init")
        ring = load_keys(folder)
        for key in ring.keys:
            try:
                ring.get(key)
            except ArchiveFault as fault:
                broken[key] = f"{key} ({fault.code})"
    except ArchiveFault as fault:
        return Found(name, False, True, fault.tell, hint)
    if not broken:
        return Found(name, True, True, f"mở được {len(ring.keys)} khóa")
    return Found(name, False, ring.default in broken, f"không mở được: {', '.join(broken.values())}", hint)


def _sandbox(settings: Settings) -> Found:
    """Shut a child in and let it do something, as it would with a file."""
    hint = "Nhân Linux 5.13+ có Landlock và `sudo apt-get install libseccomp2`; xem docs/howto/sandbox.md"
    name = "Cách ly chương trình đọc tệp"
    if settings.sandbox == "limits":
        return Found(name, False, False, "đã tắt (VANTHU_SANDBOX=limits)", "Bỏ VANTHU_SANDBOX để bật lại")
    return _tried(name, lambda: _shut_in(settings), hint)


def _shut_in(settings: Settings) -> str:
    with open_children(settings, "parse") as children:
        return children.run("parse", 30, "có ({})".format, platform.release())


def _tesseract(settings: Settings) -> Found:
    hint = "sudo apt-get install tesseract-ocr tesseract-ocr-vie tesseract-ocr-script-viet tesseract-ocr-osd"
    options = settings.ocr
    return _tried("Tesseract, tiếng Việt", lambda: engine_version(options), hint)


def _tried(name: str, work: Callable[[], str], hint: str) -> Found:
    try:
        return Found(name, True, True, work())
    except ArchiveFault as fault:
        return Found(name, False, True, fault.tell, hint)


def _program(name: str, program: str, arguments: tuple[str, ...], hint: str, *, needed: bool) -> Found:
    path = shutil.which(program)
    if path is None:
        return Found(name, False, needed, "chưa cài", hint)
    try:
        ran = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        return Found(name, False, needed, f"không chạy được: {fault}", hint)
    lines = (ran.stdout + ran.stderr).strip().splitlines()
    return Found(name, True, needed, lines[0][:60] if lines else "có")


def _font() -> Found:
    """A font with every Vietnamese letter: Liberation, for one, lacks two thirds of them and prints boxes."""
    from fontTools.ttLib import TTFont

    hint = "sudo apt-get install fonts-noto-core"
    for folder in _FONT_FOLDERS:
        for path in sorted(Path(folder).rglob("NotoSerif-Regular.ttf")) + sorted(
            Path(folder).rglob("DejaVuSerif.ttf")
        ):
            with TTFont(path, lazy=True) as font:
                lacking = [c for c in VIETNAMESE_LETTERS if ord(c) not in font.getBestCmap()]
            if not lacking:
                return Found("Phông chữ đủ chữ Việt", True, True, path.stem)
    return Found("Phông chữ đủ chữ Việt", False, True, "không có phông nào đủ chữ", hint)


def _folder(settings: Settings) -> Found:
    folder = settings.data_dir
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free / 1024**3
    good = free >= _LEAST_FREE_GIB
    return Found(
        "Thư mục dữ liệu",
        good,
        True,
        f"{folder}, còn trống {free:.1f} GiB",
        "Giải phóng đĩa hoặc đặt VANTHU_DATA_DIR",
    )
