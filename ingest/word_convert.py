"""The one door to LibreOffice: a Word file that was found harmless becomes a PDF/A-2b, in a confined process.

It gets a folder of its own for a profile that goes away, no network, and bounded memory, time and files. The PDF is
kept and signed as it comes out, so nobody converts the same file twice.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ingest.word_file import screen_word
from records.errors import ToolMissing, Unfit
from signing import confined

SECONDS = 120
"""How long one file may take; the first start of the program in a fresh profile takes a few seconds of it."""
_MEMORY = 2560 * 1024**2
_FILE = 200 * 1024**2
_OPEN_FILES = 256
_PROGRAMS = ("soffice", "libreoffice")
_FILTER = (
    'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"},'
    '"ExportFormFields":{"type":"boolean","value":"false"},'
    '"ExportBookmarks":{"type":"boolean","value":"false"},'
    '"UseTaggedPDF":{"type":"boolean","value":"true"}}'
)
"""PDF/A-2b, tagged, without fields."""


_FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>
{folders}<cachedir>{cache}</cachedir>
<selectfont><rejectfont>{rejected}</rejectfont></selectfont>{aliases}</fontconfig>"""
_SAME_WIDTHS = {"Times New Roman": "Tinos", "Arial": "Arimo", "Courier New": "Cousine"}
"""Faces with the widths of those that offices write in, so that lines break where they did, and with every Vietnamese
letter; Liberation has the widths too and lacks two thirds of the letters.
"""


def probe() -> str | None:
    """Return the path of the program, None when it or its faces are not installed."""
    faces = any(next(folder.rglob("Tinos-Regular.ttf"), None) for folder in _FONT_FOLDERS if folder.is_dir())
    return next((found for name in _PROGRAMS if faces and (found := shutil.which(name))), None)


def word_to_pdf(path: Path, out: Path, shown: str) -> None:
    """Write the Word file at `path` as a PDF to `out`.

    Raises `Unfit` as `screen_word`, and `word-not-converted`; `ToolMissing` (`converter-missing`). Call it in a limited
    child process.
    """
    screen_word(path, shown)
    program = probe()
    if program is None:
        raise ToolMissing(
            "LibreOffice Writer or its faces are not installed",
            code="converter-missing",
            tell=f"Máy chủ chưa có công cụ chuyển {shown} (Word) thành PDF. Hãy lưu văn bản thành PDF/A rồi tải lên, "
            "hoặc nhờ quản trị viên cài libreoffice-writer-nogui và fonts-croscore.",
        )
    with tempfile.TemporaryDirectory(prefix="word-") as name:
        folder = Path(name)
        source = folder / "van-ban.docx"  # a name of ours: it comes from nobody
        shutil.copyfile(path, source)
        made = folder / "out" / "van-ban.pdf"
        said = _run(program, source, folder)
        if not made.is_file() or not made.stat().st_size:
            raise Unfit(
                f"{shown}: {said[-500:]}",
                code="word-not-converted",
                tell=f"{shown} không chuyển được thành PDF. Hãy mở bằng Word, lưu thành PDF/A rồi tải tệp đó lên.",
            )
        shutil.move(made, out)


def _fonts(folder: Path) -> Path:
    """Write down which faces there are, the same on every machine."""
    rejected = "".join(
        f'<pattern><patelt name="family"><string>Liberation {kind}</string></patelt></pattern>'
        for kind in ("Serif", "Sans", "Mono")
    )
    aliases = "".join(
        f'<match target="pattern"><test name="family"><string>{asked}</string></test>'
        f'<edit name="family" mode="assign" binding="strong"><string>{given}</string></edit></match>'
        for asked, given in _SAME_WIDTHS.items()
    )
    folders = "".join(f"<dir>{one}</dir>" for one in _FONT_FOLDERS)
    path = folder / "fonts.conf"
    path.write_text(
        _FONTS.format(folders=folders, cache=folder / "fonts", rejected=rejected, aliases=aliases)
    )
    return path


def _run(program: str, source: Path, folder: Path) -> str:
    asked = [
        sys.executable, "-I", "-S", confined.__file__, str(_MEMORY), str(SECONDS), str(_FILE), str(_OPEN_FILES),
        "local",  # it talks to itself
        program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore",
        "--nolockcheck", "--nodefault", "--nologo", "--convert-to", _FILTER, "--outdir", str(folder / "out"),
        str(source),
    ]  # fmt: skip
    with subprocess.Popen(
        asked,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "SAL_USE_VCLPLUGIN": "svp",
            "FONTCONFIG_FILE": str(_fonts(folder)),
        },
    ) as process:
        try:
            told, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            told = b"took too long"
        finally:  # it starts a process of its own, which must not stay behind
            _end(process.pid)
    return told.decode(errors="replace")


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
