"""Who may sign what, in which order, and what is refused with which code."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest

from records.errors import ArchiveFault, Conflict, Unfit
from signing.key_table import KeyRole
from signing.keys import KeyRing
from signing.profiles import PROFILES, FieldPlan, Level, Visible
from signing.seal import SigningService
from signing.timestamps import TimeStamps
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.office import Office, an_office, certified_curve, drawn, seal_key
from tests.cases.sealing import World, a_pdf, append_page, byte_ranges, revision_ends

T, LT, LTA = Level.T, Level.LT, Level.LTA
SIGNATURE, STAMP = (100, 200, 200, 260), (60, 190, 140, 270)


@pytest.fixture(scope="session")
def office(world: World) -> Office:
    return an_office(world)


@pytest.fixture(scope="session")
def signed(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper signed by its official, B-T."""
    folder = tmp_path_factory.mktemp("signed")
    office.service.seal(a_pdf(folder / "in.pdf"), folder / "signed.pdf", "official", "chu-tich", "vb1")
    return folder / "signed.pdf"


@pytest.fixture(scope="session")
def stamped(office: Office, signed: Path) -> Path:
    """The same paper, sealed, B-LTA."""
    office.service.seal(signed, signed.with_name("sealed.pdf"), "seal")
    return signed.with_name("sealed.pdf")


def refused(code: str, work: Callable[[], object]) -> ArchiveFault:
    with pytest.raises(ArchiveFault) as fault:
        work()
    assert fault.value.code == code
    assert fault.value.tell
    return fault.value


# --- the order


def test_official_then_seal_then_archive_stamp(office: Office, signed: Path, stamped: Path) -> None:
    verdict = verify_pdf(stamped, office.world.roots)
    first, second, stamp = verdict.signatures
    assert [one.field.split("_")[0] for one in verdict.signatures] == ["NguoiKy", "ConDau", "DauThoiGian"]
    assert {one.field.split("_")[1] for one in verdict.signatures} == {"vb1"}
    assert (first.intact, first.trusted, first.changes) == (True, True, "signatures")
    assert (second.verdict, second.level, second.changes) == (Answer.VALID, LTA, "lta-updates")
    assert (stamp.verdict, stamp.coverage) == (Answer.VALID, "entire-file")
    assert verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES)
    assert stamped.read_bytes().startswith(signed.read_bytes())


def test_no_seal_without_an_officials_signature(office: Office, tmp_path: Path) -> None:
    paper = a_pdf(tmp_path / "in.pdf")
    fault = refused(
        "order-seal-without-official", lambda: office.service.seal(paper, tmp_path / "o.pdf", "seal")
    )
    assert "trình ký trước" in fault.tell
    assert not (tmp_path / "o.pdf").exists()


def test_a_broken_officials_signature_counts_for_nothing(
    office: Office, signed: Path, tmp_path: Path
) -> None:
    data = signed.read_bytes()
    for name, harmed in {
        "page": append_page(data),
        "flip": data.replace(b"300 400", b"300 401", 1),
        "other": data[: revision_ends(data)[0]],
    }.items():
        (tmp_path / f"{name}.pdf").write_bytes(harmed)
        refused(
            "order-seal-without-official",
            lambda name=name: office.service.seal(tmp_path / f"{name}.pdf", tmp_path / "o.pdf", "seal"),
        )
    assert not (tmp_path / "o.pdf").exists()


def test_a_field_named_like_an_officials_proves_nothing(office: Office, tmp_path: Path) -> None:
    """A stranger whose root we do not trust signs into `NguoiKy_…`."""
    from tests.cases.sealing import a_world

    other = an_office(a_world(tmp_path / "other"))
    other.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "s.pdf", "official", "chu-tich")
    refused(
        "order-seal-without-official",
        lambda: office.service.seal(tmp_path / "s.pdf", tmp_path / "o.pdf", "seal"),
    )


def test_the_archive_seal_is_no_officials_signature(office: Office, sealed: Path, tmp_path: Path) -> None:
    refused("order-after-time-stamp", lambda: office.service.seal(sealed, tmp_path / "o.pdf", "seal"))


def test_a_units_signature_is_no_officials_also_when_its_key_is_in_no_table(
    office: Office, tmp_path: Path
) -> None:
    office.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "copy.pdf", "copy", level=T)
    refused("already-sealed", lambda: office.service.seal(tmp_path / "copy.pdf", tmp_path / "o.pdf", "seal"))
    keys = dict(office.ring.keys)
    key, certificate = office.private["pho"], office.ring.get("pho").certificate
    keys["con-dau"] = seal_key("con-dau", KeyRole.SEAL, key, certificate)
    del keys["pho"]
    ring = KeyRing(keys, office.ring.revocation, "archive", office.ring.trust)
    later = SigningService(ring, office.world.tsa, office.world.clock, office.world.roots)
    refused("already-sealed", lambda: later.seal(tmp_path / "copy.pdf", tmp_path / "o.pdf", "seal"))


def test_a_trusted_official_from_elsewhere_counts(office: Office, signed: Path, tmp_path: Path) -> None:
    keys = {name: key for name, key in office.ring.keys.items() if name in ("archive", "con-dau")}
    ring = KeyRing(keys, office.ring.revocation, "archive", office.ring.trust)
    service = SigningService(ring, office.world.tsa, office.world.clock, office.world.roots)
    assert service.seal(signed, tmp_path / "o.pdf", "seal").level == LTA


def test_sealing_twice_signing_after_the_seal_signing_twice(
    office: Office, signed: Path, stamped: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o.pdf"
    for profile, key in (("seal", "con-dau"), ("official", "pho")):
        refused(
            "order-after-time-stamp",
            lambda profile=profile, key=key: office.service.seal(stamped, out, profile, key),
        )
    office.service.seal(signed, tmp_path / "t.pdf", "seal", level=T)
    refused("already-sealed", lambda: office.service.seal(tmp_path / "t.pdf", out, "seal"))
    refused(
        "order-official-after-seal", lambda: office.service.seal(tmp_path / "t.pdf", out, "official", "pho")
    )
    refused("already-signed-by", lambda: office.service.seal(signed, out, "official", "chu-tich"))
    assert not out.exists()


def test_each_role_has_its_key(office: Office, signed: Path, tmp_path: Path) -> None:
    paper, out = a_pdf(tmp_path / "in.pdf"), tmp_path / "o.pdf"
    for source, profile, key in (
        (paper, "official", "con-dau"),
        (paper, "official", "archive"),
        (signed, "seal", "pho"),
        (signed, "seal", "archive"),
        (paper, "copy", "chu-tich"),
        (paper, "annex", "archive"),
        (paper, "archive", "con-dau"),
    ):
        refused("role-wrong", lambda s=source, p=profile, k=key: office.service.seal(s, out, p, k))
    refused("no-key", lambda: office.service.seal(paper, out, "official"))  # two could sign: whose hand?
    refused("level-unknown", lambda: office.service.seal(signed, out, "seal", level=LT))
    assert not out.exists()


@pytest.mark.parametrize("profile", ["archive", "annex", "copy"])
def test_what_stands_alone_goes_on_no_signed_file(
    office: Office, signed: Path, tmp_path: Path, profile: str
) -> None:
    with pytest.raises(Unfit) as fault:
        office.service.seal(signed, tmp_path / "o.pdf", profile)
    assert fault.value.code == "file-already-signed"


def test_officials_sign_one_after_another_before_the_seal(
    office: Office, signed: Path, tmp_path: Path
) -> None:
    office.service.seal(signed, tmp_path / "two.pdf", "official", "pho")
    office.service.seal(tmp_path / "two.pdf", tmp_path / "o.pdf", "seal")
    verdict = verify_pdf(tmp_path / "o.pdf", office.world.roots)
    assert [one.field for one in verdict.signatures][:3] == ["NguoiKy_vb1", "NguoiKy_vb1_2", "ConDau_vb1"]
    assert all(one.intact and one.trusted for one in verdict.signatures)
    assert verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES)


# --- levels


@pytest.mark.parametrize(
    ("profile", "level"), [(p.name, level) for p in PROFILES.values() if p.alone for level in p.levels]
)
def test_every_level_is_what_it_says(office: Office, tmp_path: Path, profile: str, level: Level) -> None:
    facts = office.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "o.pdf", profile, level=level)
    verdict = verify_pdf(tmp_path / "o.pdf", office.world.roots)
    assert (facts.level, verdict.level) == (level, level)
    assert len(byte_ranges((tmp_path / "o.pdf").read_bytes())) == (2 if level is LTA else 1)
    if level is T:  # a stranger lacks the revocation lists, or is told that the stamp is still to come
        assert verdict.reason == "no-revocation-data"
    elif level is LT:  # no time stamp covers its data yet
        assert (verdict.verdict, verdict.reason) == (Answer.VALID_LATER_CHANGES, "validation-data-later")
    else:
        assert verdict.verdict is Answer.VALID


@pytest.mark.parametrize("level", [T, LT, LTA])
def test_levels_of_an_official(office: Office, tmp_path: Path, level: Level) -> None:
    out = tmp_path / "o.pdf"
    facts = office.service.seal(a_pdf(tmp_path / "in.pdf"), out, "official", "pho", level=level)
    assert facts.level == level
    if level is LT:
        assert office.service.seal(out, tmp_path / "s.pdf", "seal").level == LTA


@pytest.mark.parametrize("profile", ["archive", "copy", "annex"])
def test_b_t_at_once_and_the_archive_stamp_later(office: Office, tmp_path: Path, profile: str) -> None:
    first = office.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "t.pdf", profile, level=T)
    facts = office.service.complete(tmp_path / "t.pdf", tmp_path / "o.pdf")
    assert (facts.level, facts.field, facts.signed_at) == (LTA, first.field, first.signed_at)
    assert facts.certificate_sha256 == first.certificate_sha256
    assert (tmp_path / "o.pdf").read_bytes().startswith((tmp_path / "t.pdf").read_bytes())
    assert verify_pdf(tmp_path / "o.pdf", office.world.roots).verdict is Answer.VALID
    refused("already-complete", lambda: office.service.complete(tmp_path / "o.pdf", tmp_path / "x.pdf"))
    office.service.complete(tmp_path / "t.pdf", tmp_path / "t.pdf")
    assert verify_pdf(tmp_path / "t.pdf", office.world.roots).verdict is Answer.VALID


def test_an_unfinished_archive_seal_says_that_its_stamp_is_missing(office: Office, tmp_path: Path) -> None:
    office.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "t.pdf", level=T)
    office.service.complete(tmp_path / "t.pdf", tmp_path / "o.pdf")
    data = (tmp_path / "o.pdf").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(data[: revision_ends(data)[-2]])
    verdict = verify_pdf(tmp_path / "cut.pdf", office.world.roots)
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "time-stamp-missing")


def test_what_cannot_be_completed(office: Office, signed: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.pdf"
    refused("not-signed", lambda: office.service.complete(a_pdf(tmp_path / "in.pdf"), out))
    (tmp_path / "harmed.pdf").write_bytes(append_page(signed.read_bytes()))
    refused("earlier-signature-invalid", lambda: office.service.complete(tmp_path / "harmed.pdf", out))
    assert not out.exists()


# --- fields, locks and places


def test_fields_of_all_are_made_with_the_first_signature(office: Office, tmp_path: Path) -> None:
    plans = [FieldPlan("official", drawn((10, 10, 90, 60))), FieldPlan("seal", drawn(STAMP))]
    service = office.service
    service.seal(
        a_pdf(tmp_path / "in.pdf"),
        tmp_path / "1.pdf",
        "official",
        "chu-tich",
        "vb2",
        visible=drawn(SIGNATURE),
        later=plans,
    )
    with pikepdf.open(tmp_path / "1.pdf") as pdf:
        names = [str(field.T) for field in pdf.Root.AcroForm.Fields]
        first = pdf.Root.AcroForm.Fields[0]
        assert names == ["NguoiKy_vb2", "NguoiKy_vb2_2", "ConDau_vb2"]
        assert first.Lock.Action == "/Exclude"
        assert {"NguoiKy_vb2_2", "ConDau_vb2"} <= {str(name) for name in first.Lock.Fields}
        assert "NguoiKy_vb2" not in {str(name) for name in first.Lock.Fields}
        assert pdf.Root.AcroForm.Fields[2].Lock.Action == "/All"
        (reference,) = first.V.Reference
        assert reference.TransformMethod == "/FieldMDP"
    out = tmp_path / "2.pdf"
    refused("appearance-missing", lambda: service.seal(tmp_path / "1.pdf", out, "official", "pho"))
    for elsewhere in (drawn((11, 10, 90, 60)), Visible(drawn(SIGNATURE).style, 0, SIGNATURE)):
        refused(
            "place-differs",
            lambda v=elsewhere: service.seal(tmp_path / "1.pdf", out, "official", "pho", visible=v),
        )
    service.seal(tmp_path / "1.pdf", out, "official", "pho", visible=drawn((10, 10, 90, 60)))
    service.seal(out, tmp_path / "3.pdf", "seal", visible=drawn(STAMP))
    verdict = verify_pdf(tmp_path / "3.pdf", office.world.roots)
    assert all(one.intact and one.trusted for one in verdict.signatures), verdict
    assert verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES)
    with pikepdf.open(tmp_path / "3.pdf") as pdf:
        assert len(pdf.Root.AcroForm.Fields) == 4


def test_visible_parts_without_prepared_fields(office: Office, tmp_path: Path) -> None:
    one, two = tmp_path / "1.pdf", tmp_path / "2.pdf"
    office.service.seal(
        a_pdf(tmp_path / "in.pdf", pages=2), one, "official", "pho", visible=drawn(SIGNATURE, 1)
    )
    office.service.seal(one, two, "seal", visible=drawn(STAMP, 1))
    assert all(s.intact and s.trusted for s in verify_pdf(two, office.world.roots).signatures)


@pytest.mark.parametrize(
    ("profile", "later"),
    [
        ("copy", ["seal"]),
        ("official", ["copy"]),
        ("official", ["seal", "seal"]),
        ("official", ["official"] * 9),
    ],
)
def test_plans_that_make_no_sense(office: Office, tmp_path: Path, profile: str, later: list[str]) -> None:
    key = {"official": "pho"}.get(profile)
    plans = [FieldPlan(name) for name in later]
    source = a_pdf(tmp_path / "in.pdf")
    refused(
        "fields-wrong",
        lambda: office.service.seal(source, tmp_path / "o.pdf", profile, key, later=plans),
    )


def with_number_field(path: Path) -> Path:
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                FT=pikepdf.Name.Tx,
                T="SoKyHieu",
                Subtype=pikepdf.Name.Widget,
                Rect=[30, 350, 130, 370],
                F=4,
                P=pdf.pages[0].obj,
            )
        )
        pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([field]))
        pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=pikepdf.Array([field])))
        pdf.save(path)
    return path


def test_the_seal_waits_for_the_number_and_locks_it(office: Office, tmp_path: Path) -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.generic import pdf_name

    from tests.cases.sealing import _append

    one, numbered, out = (tmp_path / name for name in ("1.pdf", "2.pdf", "3.pdf"))
    office.service.seal(with_number_field(a_pdf(tmp_path / "in.pdf")), one, "official", "pho")
    refused("order-number-missing", lambda: office.service.seal(one, out, "seal"))

    def give_number(writer) -> None:
        field = writer.root["/AcroForm"]["/Fields"].raw_get(0)
        field.get_object()[pdf_name("/V")] = generic.pdf_string("05-QĐ/TU")
        writer.mark_update(field)
        writer._update_meta = lambda: None

    numbered.write_bytes(_append(one.read_bytes(), give_number))
    office.service.seal(numbered, out, "seal")
    assert all(s.intact and s.trusted for s in verify_pdf(out, office.world.roots).signatures)


# --- one revision, one winner


def test_only_the_revision_that_was_seen_is_signed(office: Office, signed: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(signed.read_bytes())
    seen = hashlib.sha256(paper.read_bytes()).hexdigest()
    refused(
        "revision-changed",
        lambda: office.service.seal(paper, tmp_path / "o.pdf", "seal", expected_sha256="0" * 64),
    )
    assert [p.name for p in tmp_path.iterdir()] == ["paper.pdf"]
    facts = office.service.seal(paper, paper, "seal", expected_sha256=seen)
    assert facts.sha256 == hashlib.sha256(paper.read_bytes()).hexdigest()
    refused("revision-changed", lambda: office.service.seal(paper, paper, "seal", expected_sha256=seen))


@pytest.mark.parametrize("in_place", [True, False])
def test_of_two_at_once_one_wins(office: Office, signed: Path, tmp_path: Path, in_place: bool) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(signed.read_bytes())
    out = paper if in_place else tmp_path / "next.pdf"
    seen = hashlib.sha256(paper.read_bytes()).hexdigest()

    def sign(_: int) -> str:
        try:
            return office.service.seal(paper, out, "official", "pho", expected_sha256=seen).sha256
        except Conflict as fault:
            return fault.code

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(sign, range(4)))
    assert said.count("revision-changed") == 3
    (winner,) = set(said) - {"revision-changed"}
    assert winner == hashlib.sha256(out.read_bytes()).hexdigest()
    assert len(byte_ranges(out.read_bytes())) == 2
    assert {p.name for p in tmp_path.iterdir()} == {paper.name, out.name}


def test_a_stamp_that_never_comes_leaves_the_paper_as_it_was(
    office: Office, signed: Path, tmp_path: Path
) -> None:
    from records.errors import Away

    class Silent(TimeStamps):
        def ask(self, request: bytes) -> bytes:
            raise Away("nobody", code="time-stamp-away", tell="Chờ dấu thời gian.")

    service = SigningService(office.ring, Silent(office.world.clock), office.world.clock, office.world.roots)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(signed.read_bytes())
    seen = hashlib.sha256(paper.read_bytes()).hexdigest()
    refused("time-stamp-away", lambda: service.seal(paper, paper, "seal", expected_sha256=seen))
    assert paper.read_bytes() == signed.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["paper.pdf"]


@pytest.mark.parametrize("name", ["SECP256R1", "SECP384R1"])
def test_keys_on_curves_sign(office: Office, tmp_path: Path, name: str) -> None:
    from asn1crypto import cms
    from cryptography.hazmat.primitives.asymmetric import ec

    key, certificate = certified_curve(office.world, "Lê Văn C", getattr(ec, name)())
    keys = {**office.ring.keys, "duong-cong": seal_key("duong-cong", KeyRole.OFFICIAL, key, certificate)}
    ring = KeyRing(keys, office.ring.revocation, "archive", office.ring.trust)
    service = SigningService(ring, office.world.tsa, office.world.clock, office.world.roots)
    out = tmp_path / "o.pdf"
    service.seal(a_pdf(tmp_path / "in.pdf"), out, "official", "duong-cong", level=LTA)
    data = out.read_bytes()
    assert verify_pdf(out, office.world.roots).verdict is Answer.VALID
    _, first, second, _ = byte_ranges(data)[0]
    info = cms.ContentInfo.load(bytes.fromhex(data[first + 1 : second - 1].decode()))["content"][
        "signer_infos"
    ][0]
    digest = {"SECP256R1": "sha256", "SECP384R1": "sha384"}[name]
    assert info["signature_algorithm"]["algorithm"].native == f"{digest}_ecdsa"
    assert info["digest_algorithm"]["algorithm"].native == digest
