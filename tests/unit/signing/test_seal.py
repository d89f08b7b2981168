import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from records.clock import FixedClock, SystemClock
from records.errors import ArchiveFault, Away, Unfit
from signing.fetching import apart
from signing.seal import LEVEL, SigningService
from signing.timestamps import TimeStamps
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import World, a_pdf, a_world, at_home, byte_ranges, revision_ends


def test_a_seal_is_b_lta_and_covers_the_whole_file(world: World, tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf")
    before = source.read_bytes()
    facts = world.service.seal(source, tmp_path / "out" / "sealed.pdf", document_id="abc123")
    data = (tmp_path / "out" / "sealed.pdf").read_bytes()
    assert source.read_bytes() == before
    assert data.startswith(before)
    assert (facts.sha256, facts.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (facts.level, facts.field) == (LEVEL, "LuuTru_abc123")
    assert facts.certificate_sha256 == world.ring.get().certificate_sha256
    assert abs(facts.signed_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["sealed.pdf"]
    ranges = byte_ranges(data)
    assert len(ranges) == 2
    assert ranges[-1][2] + ranges[-1][3] == len(data)
    assert len(revision_ends(data)) == len(revision_ends(before)) + 3


def test_the_last_revision_is_the_time_stamp_and_the_store_has_its_own(world: World, sealed: Path) -> None:
    data = sealed.read_bytes()
    signature, store, stamp = (
        data[a:b] for a, b in zip(revision_ends(data)[-4:], revision_ends(data)[-3:], strict=False)
    )
    assert b"/ETSI.CAdES.detached" in signature
    assert b"/DocMDP" in signature
    assert b"/DSS" not in signature
    assert b"/CRLs" in store
    assert b"/ByteRange" not in store
    assert b"/ETSI.RFC3161" in stamp


def test_contents_are_no_larger_than_what_they_hold(sealed: Path) -> None:
    data = sealed.read_bytes()
    for _, first, second, _ in byte_ranges(data):
        assert not data[first:second].endswith(b"0000000000>")


def test_the_description_is_left_as_it_was(world: World, tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf")
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata() as meta:
            meta["pdf:Producer"] = "Vanthu"
        pdf.docinfo["/Producer"] = "Vanthu"
        pdf.save()
    world.service.seal(source, tmp_path / "out.pdf")
    with pikepdf.open(source) as one, pikepdf.open(tmp_path / "out.pdf") as two:
        assert one.Root.Metadata.read_bytes() == two.Root.Metadata.read_bytes()
        assert str(two.docinfo["/Producer"]) == "Vanthu"


def _encrypted(path: Path) -> Path:
    plain = a_pdf(path.with_suffix(".plain"))
    with pikepdf.open(plain) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner="x", user=""))
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda p: p.write_bytes(b""), "file-not-a-pdf"),
        (lambda p: p.write_bytes(b"\xff\xd8\xff" * 99), "file-not-a-pdf"),
        (lambda p: p.write_bytes(b"%PDF-1.7\nnothing"), "file-malformed"),
        (lambda p: p.write_bytes(a_pdf(p.with_suffix(".x")).read_bytes()[:700]), "file-malformed"),
        (_encrypted, "file-encrypted"),
    ],
)
def test_what_cannot_be_sealed_is_refused_and_nothing_is_left(
    world: World, tmp_path: Path, make, code: str
) -> None:
    make(tmp_path / "in.pdf")
    with pytest.raises(Unfit) as fault:
        world.service.seal(tmp_path / "in.pdf", tmp_path / "out" / "o.pdf")
    assert fault.value.code == code
    assert fault.value.tell
    assert list((tmp_path / "out").iterdir()) == []


def test_a_signed_file_is_not_sealed_again(world: World, sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(Unfit) as fault:
        world.service.seal(sealed, tmp_path / "o.pdf")
    assert fault.value.code == "file-already-signed"
    assert "giữ nguyên" in fault.value.tell


def test_source_and_result_may_not_be_one_file(world: World, tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf")
    (tmp_path / "link.pdf").symlink_to(source)
    before = source.read_bytes()
    for out in (source, tmp_path / "link.pdf"):
        with pytest.raises(ArchiveFault) as fault:
            world.service.seal(source, out)
        assert fault.value.code == "same-file"
    assert source.read_bytes() == before


def test_unknown_profile_key_and_missing_source_are_refused(world: World, tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf")
    for arguments, code in (
        ({"profile": "king"}, "profile-unknown"),
        ({"profile": "official", "key": "no-such"}, "no-key"),
        ({"profile": "official", "key": "archive"}, "role-wrong"),
        ({"key": "no-such"}, "no-key"),
    ):
        with pytest.raises(ArchiveFault) as fault:
            world.service.seal(source, tmp_path / "o.pdf", **arguments)
        assert fault.value.code == code
        assert fault.value.tell
    with pytest.raises(ArchiveFault) as fault:
        world.service.seal(tmp_path / "absent.pdf", tmp_path / "o.pdf")
    assert fault.value.code == "seal-write"
    assert [p.name for p in tmp_path.iterdir()] == ["in.pdf"]


def test_a_result_already_there_is_replaced_only_by_a_good_one(world: World, tmp_path: Path) -> None:
    out = tmp_path / "o.pdf"
    out.write_bytes(b"old")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(Unfit):
        world.service.seal(tmp_path / "bad.pdf", out)
    assert out.read_bytes() == b"old"
    world.service.seal(a_pdf(tmp_path / "in.pdf"), out)
    assert verify_pdf(out, world.roots).verdict is Answer.VALID


class _Silent(TimeStamps):
    def ask(self, request: bytes) -> bytes:
        raise Away("nobody there", code="time-stamp-away", tell="Chờ dấu thời gian.")


class _Second(TimeStamps):
    """Answers the first requests and falls silent before the archive time stamp."""

    def __init__(self, world: World, answers: int) -> None:
        super().__init__(world.clock)
        self._inner, self._left = world.tsa, answers

    def ask(self, request: bytes) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise Away("gone", code="time-stamp-away", tell="Chờ dấu thời gian.")
        return self._inner.ask(request)


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_without_a_time_stamp_there_is_no_seal(world: World, tmp_path: Path, answers: int) -> None:
    source = a_pdf(tmp_path / "in.pdf")
    service = SigningService(world.ring, _Second(world, answers), world.clock, world.roots)
    with pytest.raises(Away) as fault:
        service.seal(source, tmp_path / "o.pdf")
    assert fault.value.code == "time-stamp-away"
    assert [p.name for p in tmp_path.iterdir()] == ["in.pdf"]


def test_a_key_that_leads_to_no_configured_root_signs_nothing(world: World, tmp_path: Path) -> None:
    other = a_world(tmp_path / "other")
    service = SigningService(world.ring, world.tsa, world.clock, other.roots)
    with pytest.raises(ArchiveFault) as fault:
        service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "o.pdf")
    assert fault.value.code == "certificate-not-trusted"
    assert not (tmp_path / "o.pdf").exists()


def test_a_clock_an_hour_off_its_authority_refuses(world: World, tmp_path: Path) -> None:
    late = FixedClock(datetime.now(UTC) + timedelta(hours=1))

    class Elsewhere(TimeStamps):
        def ask(self, request: bytes) -> bytes:
            return world.tsa.ask(request)

    service = SigningService(world.ring, Elsewhere(late), late, world.roots)
    with pytest.raises(Away) as fault:
        service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "o.pdf")
    assert fault.value.code == "clock-skew"


def test_threads_seal_side_by_side(world: World, tmp_path: Path) -> None:
    sources = [a_pdf(tmp_path / f"in{n}.pdf", words=f"Van ban {n}") for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        facts = list(pool.map(lambda s: world.service.seal(s, s.with_suffix(".out.pdf")), sources))
    assert len({f.sha256 for f in facts}) == 8
    for source in sources:
        assert verify_pdf(source.with_suffix(".out.pdf"), world.roots).verdict is Answer.VALID


def test_a_thread_with_a_running_event_loop_may_seal(world: World, tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf")

    async def main() -> str:
        return world.service.seal(source, tmp_path / "o.pdf").level

    assert apart(main) == LEVEL

    async def refused() -> None:
        SigningService(world.ring, _Silent(world.clock), world.clock, world.roots).seal(
            source, tmp_path / "p.pdf"
        )

    with pytest.raises(Away):
        apart(refused)


def test_all_times_come_from_the_clock_given(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2025, 7, 9, 1, 30, 0, 999, tzinfo=UTC))
    old = at_home(tmp_path / "keys", clock)
    facts = old.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "o.pdf")
    assert facts.signed_at == clock.at.replace(microsecond=0)
    assert b"(D\\07220250709013000Z)" in (tmp_path / "o.pdf").read_bytes()
    # a year on, with the revocation list long past its next update, the proven times still carry the seal
    verdict = verify_pdf(tmp_path / "o.pdf", old.roots, at=clock.at + timedelta(days=400))
    assert (verdict.verdict, verdict.level) == (Answer.VALID, LEVEL)


def test_names_with_accents_spaces_and_300_letters(world: World, tmp_path: Path) -> None:
    source = a_pdf(tmp_path / "in.pdf")
    for name in ("Quyết định số 1 (bản sao).pdf", "a" * 250 + ".pdf", "-x.pdf"):
        world.service.seal(source, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0


def test_files_with_cross_reference_streams_can_be_sealed(world: World, tmp_path: Path) -> None:
    with pikepdf.open(a_pdf(tmp_path / "in.pdf", pages=3)) as pdf:
        pdf.save(tmp_path / "x.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    facts = world.service.seal(tmp_path / "x.pdf", tmp_path / "o.pdf")
    assert facts.level == LEVEL
    with pikepdf.open(io.BytesIO((tmp_path / "o.pdf").read_bytes())) as pdf:
        assert len(pdf.pages) == 3


def test_the_system_clock_is_good_enough(tmp_path: Path) -> None:
    made = at_home(tmp_path / "keys", SystemClock())
    assert made.service.seal(a_pdf(tmp_path / "i.pdf"), tmp_path / "o.pdf").level == LEVEL
