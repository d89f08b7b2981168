"""ZIP files of scans (B27 to B29): nothing leaves the target or unfolds without end, no file is lost by its name."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from ingest.unzip import ZipLimits, is_zip, unzip
from records.errors import Unfit

LIMITS = ZipLimits(entries=50, bytes=4_000_000, file_bytes=3_000_000)


@pytest.fixture
def made(tmp_path: Path):
    """Write a ZIP and unfold it; return what is below the target, by place."""

    def make(data: bytes) -> dict[str, bytes]:
        archive, into = tmp_path / "lo.zip", tmp_path / "trong" / "lo"
        archive.write_bytes(data)
        into.mkdir(parents=True)
        count = unzip(archive, into, archive.name, LIMITS)
        found = {str(p.relative_to(into)): p.read_bytes() for p in into.rglob("*") if p.is_file()}
        everything = [p for p in tmp_path.rglob("*") if p.is_file() and p != archive]
        assert len(everything) == len(found) == count  # nothing anywhere else
        return found

    return make


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def refused(made, data: bytes) -> str:
    with pytest.raises(Unfit) as fault:
        made(data)
    assert fault.value.tell.endswith(".") and "lo.zip" in fault.value.tell
    return fault.value.code


def test_files_in_their_folders(made) -> None:
    assert made(zipped(("hs1/1.jpg", b"a"), ("hs1/", b""), ("hs2/tờ 2.png", b"b"))) == {
        "hs1/1.jpg": b"a",
        "hs2/tờ 2.png": b"b",
    }


@pytest.mark.parametrize(
    "name", ["../../x.jpg", "/etc/x.jpg", "..\\..\\x.jpg", "a/../../../x.jpg", "x\x00.jpg", "./x.jpg"]
)
def test_names_never_leave_the_target(made, name: str) -> None:
    raw = zipped(("q" * len(name), b"a")).replace(b"q" * len(name), name.encode())
    assert next(iter(made(raw))).endswith("x.jpg")


def test_every_file_of_like_names_is_kept(made) -> None:
    with pytest.warns(UserWarning):
        data = zipped(
            ("a.jpg", b"1"), ("a.jpg", b"2"), ("A.JPG", b"3"), ("x/../a.jpg", b"4"), ("x/a.jpg", b"5")
        )
    found = made(data)
    assert sorted(found.values()) == [b"1", b"2", b"3", b"4", b"5"]
    assert set(found) == {"a.jpg", "a (2).jpg", "A (3).JPG", "x/a.jpg", "x/a (2).jpg"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1258"])
def test_names_without_the_flag_of_utf8(made, encoding: str) -> None:
    name = "Quyết định số 5.jpg"
    raw = (
        name.encode("utf-8")
        if encoding == "utf-8"
        else "Quy\u00ea\u0301t \u0111i\u0323nh s\u00f4\u0301 5.jpg".encode("cp1258")
    )
    data = zipped(("q" * len(raw), b"a")).replace(b"q" * len(raw), raw)
    assert made(data) == {name: b"a"}


def test_what_unfolds_too_far(made) -> None:
    assert refused(made, zipped(("0.jpg", b"\x00" * 5_000_000))) == "archive-too-large"


def test_too_many_entries(made) -> None:
    assert refused(made, zipped(*((f"{n}.jpg", b"") for n in range(60)))) == "archive-too-large"


def test_sizes_that_lie(made) -> None:
    data = zipped(("0.jpg", b"\x00" * 3_500_000))
    lying = data.replace(struct.pack("<I", 3_500_000), struct.pack("<I", 10))
    assert refused(made, lying) == "archive-broken"


def test_entries_over_one_another(made) -> None:
    data = bytearray(zipped(("a.jpg", b"x" * 900), ("b.jpg", b"y" * 900), packing=zipfile.ZIP_STORED))
    at = data.rindex(b"PK\x01\x02")
    data[at + 42 : at + 46] = struct.pack("<I", 0)  # the second entry lies where the first one does
    assert refused(made, bytes(data)) in ("archive-hostile", "archive-broken")


def test_links_are_no_files(made) -> None:
    link = zipfile.ZipInfo("a.jpg")
    link.external_attr = 0o120777 << 16
    assert refused(made, zipped((link, b"/etc/passwd"))) == "archive-hostile"


def test_a_password(made) -> None:
    data = bytearray(zipped(("a.jpg", b"x")))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    assert refused(made, bytes(data)) == "archive-encrypted"


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_cut_ones(made, part: float) -> None:
    data = zipped(("a.jpg", bytes(range(256)) * 50), ("b.jpg", bytes(range(255, -1, -1)) * 50))
    assert refused(made, data[: int(len(data) * part)]) == "archive-broken"


def test_a_changed_byte(made) -> None:
    data = zipped(("a.jpg", bytes(range(256)) * 50), packing=zipfile.ZIP_STORED)
    assert refused(made, data.replace(b"\x10\x11\x12", b"\x10\x11\x13", 1)) == "archive-broken"


def test_an_archive_inside_is_a_file(made) -> None:
    inner = zipped(("a.jpg", b"x"))
    assert made(zipped(("trong.zip", inner))) == {"trong.zip": inner}


def test_office_papers_are_no_zip(tmp_path: Path) -> None:
    for name, yes in (("a.docx", False), ("a.zip", True), ("A.ZIP", True)):
        (tmp_path / name).write_bytes(zipped(("a", b"")))
        assert is_zip(tmp_path / name) is yes
    (tmp_path / "b.zip").write_bytes(b"%PDF-1.7")
    assert not is_zip(tmp_path / "b.zip")
