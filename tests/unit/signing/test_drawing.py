"""The children that draw hostile files: what they may use, and how their ends are told."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pikepdf
import pytest

from signing import confined, drawing, look_alike
from signing.drawing import ENGINES, DrawLimits, NotDrawn, Page, kept
from signing.look_alike import Place, Revision, differences
from tests.cases.sealing import a_pdf, append_page, overlay

SMALL = 512 << 20


def _run(
    code: str, memory: int = SMALL, seconds: int = 10, sockets: str = "none"
) -> subprocess.CompletedProcess[str]:
    program = [
        sys.executable,
        "-I",
        "-S",
        confined.__file__,
        str(memory),
        str(seconds),
        "0",
        "64",
        sockets,
        sys.executable,
        "-S",
        "-c",
    ]
    return subprocess.run([*program, code], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import socket; socket.socket()", "PermissionError"),
        ("import socket; socket.socket(socket.AF_UNIX)", "PermissionError"),
        ("b = bytearray(1 << 30)", "MemoryError"),
        ("open('made-by-a-child', 'w').write('x' * 9999)", "OSError"),
    ],
)
def test_a_confined_program_cannot(code: str, said: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = _run(code)
    assert ended.returncode != 0
    assert said in ended.stderr


def test_with_local_sockets_the_network_is_still_out_of_reach() -> None:
    said = _run(
        "import socket; socket.socket(socket.AF_UNIX); print('local'); socket.socket(socket.AF_INET)",
        sockets="local",
    )
    assert (said.stdout, said.returncode) == ("local\n", 1)
    assert "PermissionError" in said.stderr
    assert (
        "PermissionError" in _run("import socket; socket.socket(socket.AF_NETLINK)", sockets="local").stderr
    )


def test_a_confined_program_can_still_compute_and_write_to_its_pipe() -> None:
    assert _run("print(6 * 7)").stdout == "42\n"


def test_a_program_that_computes_for_ever_is_ended() -> None:
    begun = time.monotonic()
    assert _run("while True: pass", seconds=1).returncode != 0
    assert time.monotonic() - begun < 30


def test_without_its_limits_nothing_runs() -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-S", confined.__file__, "none", "1", "0", "64", "none", "true"],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == confined.CANNOT


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(ValueError, match="sparc"):
        confined._filter("sparc")


@pytest.mark.parametrize("engine", ENGINES)
def test_both_engines_draw_every_page(engine: str, tmp_path: Path) -> None:
    data = a_pdf(tmp_path / "p.pdf", pages=3).read_bytes()
    with kept(data) as one, kept(data) as two, drawing.drawing(engine, [one, two], DrawLimits()) as rows:
        pages = list(rows)
    assert len(pages) == 3
    for first, second in pages:
        assert first == second
        assert (first.width, first.height) == (384, 512)
        assert len(first.pixels) == 384 * 512 * 3
        assert len(set(first.pixels)) > 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("limits", [DrawLimits(memory=8 << 20), DrawLimits(seconds=0)])
def test_an_engine_over_its_limit_has_not_drawn(engine: str, limits: DrawLimits, tmp_path: Path) -> None:
    data = a_pdf(tmp_path / "p.pdf").read_bytes()
    with (
        pytest.raises(NotDrawn, match=engine),
        kept(data) as file,
        drawing.drawing(engine, [file], limits) as rows,
    ):
        list(rows)


def test_large_files_get_more_and_never_more_than_the_parent_has(monkeypatch) -> None:
    gib = 1 << 30
    assert DrawLimits().grown(0) == DrawLimits()
    monkeypatch.setattr(drawing.resource, "getrlimit", lambda _: (-1, -1))
    assert DrawLimits().grown(gib).memory == DrawLimits().memory + gib
    assert DrawLimits().grown(100 << 20).seconds == DrawLimits().seconds + 50
    assert DrawLimits().grown(9 * gib).seconds == 240
    monkeypatch.setattr(drawing.resource, "getrlimit", lambda _: (2 * gib, 2 * gib))
    assert DrawLimits().grown(gib).memory == 2 * gib


def _a_form_that_draws_itself(folder: Path) -> bytes:
    """Twenty levels of forms that each draw the next sixteen times: 16^20 squares."""
    with pikepdf.open(a_pdf(folder / "bomb.pdf")) as pdf:
        inner = None
        for _ in range(20):
            look = pdf.make_stream(b"/N Do " * 16 if inner else b"0 0 9 9 re f")
            look.Type, look.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
            look.BBox = pikepdf.Array([0, 0, 300, 400])
            if inner is not None:
                look.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(N=inner))
            inner = look
        pdf.pages[0].Resources.XObject.N = inner
        pdf.pages[0].Contents = pdf.make_stream(b"/N Do")
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def test_a_form_that_draws_itself_ends_in_time_and_leaves_no_child(tmp_path: Path) -> None:
    data = _a_form_that_draws_itself(tmp_path)
    before = _children()
    begun = time.monotonic()
    with pytest.raises(NotDrawn):
        differences(data, [Revision(len(data))], DrawLimits(seconds=2))
    assert time.monotonic() - begun < 30
    assert _children() <= before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_what_is_no_pdf_was_not_drawn() -> None:
    with pytest.raises(NotDrawn):
        look_alike.first_difference(b"%PDF-1.7", b"%PDF-1.7")


def test_the_first_page_that_differs_is_named_for_each_revision(tmp_path: Path) -> None:
    one = a_pdf(tmp_path / "p.pdf", pages=2).read_bytes()
    two = overlay(one)
    three = append_page(two)
    found = differences(three, [Revision(len(one)), Revision(len(two)), Revision(len(three))])
    assert [(d.page if d else 0) for d in found] == [1, 3, 0]


def _page(pixels: dict[tuple[int, int], tuple[int, int, int]], size: int = 40) -> Page:
    raw = bytearray(b"\xff" * size * size * 3)
    for (x, y), colour in pixels.items():
        at = (y * size + x) * 3
        raw[at : at + 3] = bytes(colour)
    return Page(size, size, bytes(raw), (), ((0.0, 1.0), (10.0, 1.0), (0.0, -9.0)))  # 100 by 100 points


BLACK, RED, WHITE = (0, 0, 0), (220, 20, 20), (255, 255, 255)
PLACE = Place(0, (25, 25, 50, 50))  # pixels 10 to 20 from the left, 20 to 30 from the top


@pytest.mark.parametrize(
    ("before", "after", "places", "alike"),
    [
        ({}, {}, [], True),
        ({}, {(15, 25): RED}, [PLACE], True),
        ({}, {(15, 25): RED}, [], False),
        ({}, {(35, 25): RED}, [PLACE], False),
        ({(15, 25): BLACK}, {(15, 25): RED}, [PLACE], True),
        ({(15, 25): BLACK}, {(15, 25): WHITE}, [PLACE], False),
        ({(15, 25): BLACK}, {(15, 25): WHITE}, [Place(0, PLACE.box, stamp=False)], True),
        ({}, {(15, 25): RED}, [Place(1, PLACE.box)], False),
        ({}, {(15, 25): RED}, [Place(0, (0, 0, 100, 100))], False),
    ],
)
def test_a_stamp_may_add_ink_in_its_place_and_take_none_away(before, after, places, alike: bool) -> None:
    sides = (_page(before), _page(after), _page(after))
    assert look_alike._alike(sides, 1, Revision(1, tuple(places))) is alike


def test_an_engine_starts_in_a_folder_with_a_vietnamese_name() -> None:
    """Python reads the list of its folders in the encoding of the environment, before anything else."""
    asked = [sys.executable, "-I", "-S", "-c", "import locale; print(locale.getencoding())"]
    said = subprocess.run(asked, env=drawing._ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    assert said.strip().lower() == "utf-8"
