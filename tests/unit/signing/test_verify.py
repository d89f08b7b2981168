import asyncio
import hashlib
import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import pem, x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from signing import demo_pki
from signing.keys import CachedKeySigner, load_p12
from signing.trust import load_trust
from signing.verdict import Answer, Verdict
from signing.verify import verify_pdf
from tests.cases import sealing
from tests.cases.sealing import World, a_pdf, a_world, byte_ranges, certified, revision_ends
from tests.cases.signatures import for_long

NOT_GREEN = {Answer.INVALID, Answer.INDETERMINATE}


@pytest.fixture
def check(world: World, tmp_path: Path):
    def run(data: bytes, roots: list[Path] | None = None, **more) -> Verdict:
        path = tmp_path / "checked.pdf"
        path.write_bytes(data)
        return verify_pdf(path, world.roots if roots is None else roots, **more)

    return run


def test_our_seal_is_valid_and_every_fact_is_told(world: World, sealed: Path) -> None:
    verdict = verify_pdf(sealed, world.roots, "Quyết định.pdf")
    assert (verdict.file, verdict.verdict, verdict.reason) == ("Quyết định.pdf", Answer.VALID, "ok")
    assert verdict.tell == "Chữ ký số hợp lệ. Nội dung tài liệu không thay đổi kể từ khi ký."
    assert verdict.sha256 == hashlib.sha256(sealed.read_bytes()).hexdigest()
    seal, stamp = verdict.signatures
    assert (seal.kind, stamp.kind) == ("signature", "document-time-stamp")
    assert seal.signer == f"DEMO – {sealing.ORGANISATION}"
    assert seal.organisation == sealing.ORGANISATION
    assert seal.issuer.startswith("DEMO Root CA")
    assert int(seal.serial, 16) == world.ring.get().certificate.serial_number
    assert seal.algorithm == "RSA 3072, SHA-256"
    assert (seal.level, seal.coverage, seal.changes) == (
        "PAdES-BASELINE-LTA",
        "entire-revision",
        "lta-updates",
    )
    assert (stamp.level, stamp.coverage, stamp.changes) == ("TIMESTAMP", "entire-file", "none")
    for report in (seal, stamp):
        assert report.intact
        assert report.trusted
        assert report.demo
        assert report.time_source == "time-stamp"


@pytest.mark.parametrize(
    "attack",
    [
        sealing.append_page,
        sealing.swap_image,
        sealing.move_seal,
        sealing.empty_store,
        sealing.overlay,
        sealing.hidden_objects,
        lambda d: d + b"\n",
        lambda d: d + b" ",
        lambda d: d + b"%",
        lambda d: d + b"\x00" * 1000,
        lambda d: d + b"%%EOF\n",
        lambda d: d + d,
        lambda d: d + d[-400:],
        lambda d: d + b"1 0 obj\n<</Type/Catalog>>\nendobj\n",
        lambda d: d.replace(b"/M (D\\0722", b"/M (D\\0723", 1),
        lambda d: d.replace(b"/REx (archive", b"/REx (archivf", 1),
        lambda d: b"\n" + d,
        lambda d: d[1:],
        lambda d: d[:-1],
    ],
)
def test_tampering_is_never_green(check, sealed: Path, attack) -> None:
    data = sealed.read_bytes()
    harmed = attack(data)
    assert harmed != data
    verdict = check(harmed)
    assert verdict.verdict in NOT_GREEN, verdict
    assert verdict.reason != "ok"
    assert len(verdict.tell) > 20


def test_an_unfinished_renewal_after_the_archive_stamp_is_not_the_archived_file(check, sealed: Path) -> None:
    verdict = check(sealing.more_store(sealed.read_bytes()))
    assert (verdict.verdict, verdict.reason) == (Answer.VALID_LATER_CHANGES, "appended-archive")


def test_hidden_objects_are_named_as_appended(check, sealed: Path) -> None:
    verdict = check(sealing.hidden_objects(sealed.read_bytes()))
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "appended")


@pytest.mark.parametrize("cut", [-2, -3, -4])
def test_taking_revisions_away_is_noticed(check, sealed: Path, cut: int) -> None:
    data = sealed.read_bytes()
    verdict = check(data[: revision_ends(data)[cut]])
    if cut == -4:  # back to the scan before the seal: no signature claims anything
        assert verdict.verdict is Answer.UNSIGNED
        return
    assert verdict.verdict in NOT_GREEN
    assert "time-stamp-missing" in {s.reason for s in verdict.signatures} | {verdict.reason} or cut == -3


def test_a_container_of_another_file_does_not_fit(world: World, check, sealed: Path, tmp_path: Path) -> None:
    world.service.seal(a_pdf(tmp_path / "other.pdf"), tmp_path / "other.out.pdf")
    other = (tmp_path / "other.out.pdf").read_bytes()
    verdict = check(sealing.swap_container(sealed.read_bytes(), other))
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "hash-mismatch")


@pytest.mark.parametrize("points", [60])
def test_truncation_anywhere_is_never_green(check, sealed: Path, points: int) -> None:
    data = sealed.read_bytes()
    for n in range(points):
        verdict = check(data[: len(data) * n // points], look=False)
        assert verdict.verdict is not Answer.VALID
        assert verdict.verdict is not Answer.VALID_LATER_CHANGES


def test_single_byte_changes_are_never_green(check, sealed: Path) -> None:
    data = sealed.read_bytes()
    rng = random.Random(20)
    for _ in range(60):
        at = rng.randrange(len(data))
        for pattern in (0x01, 0x20, 0x80):
            harmed = data[:at] + bytes([data[at] ^ pattern]) + data[at + 1 :]
            assert check(harmed, look=False).verdict not in (Answer.VALID, Answer.VALID_LATER_CHANGES), (
                at,
                pattern,
            )


@pytest.mark.parametrize(
    ("data", "verdict", "reason"),
    [
        (b"", Answer.INVALID, "empty-file"),
        (b"x", Answer.INVALID, "not-a-pdf"),
        (b"\xff\xd8\xff\xe0" * 500, Answer.INVALID, "not-a-pdf"),
        (b"%PDF-1.7", Answer.INDETERMINATE, "malformed"),
        (b"%PDF-1.7\n" + bytes(5000), Answer.INDETERMINATE, "malformed"),
        (b"%PDF-1.7\n" + b"[" * 100_000 + b"\nstartxref\n9\n%%EOF", Answer.INDETERMINATE, "malformed"),
        (b"%PDF-1.7\nstartxref\n99999999999999999999\n%%EOF", Answer.INDETERMINATE, "malformed"),
        (b"%PDF-1.7\nstartxref\n-1\n%%EOF", Answer.INDETERMINATE, "malformed"),
        (
            b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer<</Size 1/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF",
            Answer.INDETERMINATE,
            "malformed",
        ),
        (
            b"%PDF-1.7\nxref\n0 2\n0000000000 65535 f \n0000000000 00000 n \n"
            b"trailer<</Size 2/Root 1 0 R>>\nstartxref\n9\n%%EOF",
            Answer.INDETERMINATE,
            "malformed",
        ),
    ],
)
def test_hostile_and_broken_files_get_one_clear_answer(
    check, data: bytes, verdict: Answer, reason: str
) -> None:
    answer = check(data)
    assert (answer.verdict, answer.reason) == (verdict, reason)
    assert answer.signatures == ()
    assert answer.tell


def test_a_missing_file_and_a_folder_are_answered_too(world: World, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pdf", tmp_path):
        assert verify_pdf(path, world.roots).reason == "unreadable"


def test_an_unreadable_trust_list_is_not_an_empty_one(sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for path in (tmp_path / "absent.pem", tmp_path / "bad.pem"):
        verdict = verify_pdf(sealed, [path])
        assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "trust-unreadable")


def test_self_referencing_objects_and_huge_ranges_do_not_hang(check, sealed: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        loop = pdf.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("a")))
        loop.Kids = pikepdf.Array([loop])
        loop.Parent = loop
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([loop]))
        out = io.BytesIO()
        pdf.save(out)
    assert check(out.getvalue()).verdict is not Answer.VALID
    data = sealed.read_bytes()
    first, second = byte_ranges(data)[-1][1:3]
    for text in (
        b"[0 9999999999 1 1]",
        b"[0 1 2 99999999999999999999999]",
        b"[0 -5 2 1]",
        b"[0 1 2]",
        b"[(x) 1 2 3]",
    ):
        old = b"[0 %d %d %d]" % (first, second, len(data) - second)
        harmed = data.replace(old, text.ljust(len(old)))
        assert check(harmed).verdict in NOT_GREEN


def test_an_unsigned_pdf_is_unsigned_even_with_an_empty_field(check, tmp_path: Path) -> None:
    plain = a_pdf(tmp_path / "p.pdf").read_bytes()
    assert check(plain).verdict is Answer.UNSIGNED
    writer = IncrementalPdfFileWriter(io.BytesIO(plain))
    append_signature_field(writer, SigFieldSpec("NguoiKy", box=(10, 10, 100, 60)))
    out = io.BytesIO()
    writer.write(out)
    verdict = check(out.getvalue())
    assert (verdict.verdict, verdict.tell) == (Answer.UNSIGNED, "Tệp không có chữ ký số.")


def test_an_encrypted_pdf_is_not_judged(check, tmp_path: Path) -> None:
    with pikepdf.open(a_pdf(tmp_path / "p.pdf")) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="x", user="y"))
    assert check(out.getvalue()).verdict is Answer.INDETERMINATE


def test_without_roots_or_with_a_strangers_nothing_is_trusted(check, sealed: Path, tmp_path: Path) -> None:
    stranger = a_world(tmp_path / "stranger")
    for roots in ([], stranger.roots):
        verdict = check(sealed.read_bytes(), roots)
        assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "not-trusted")
        assert "danh mục tin cậy" in verdict.tell
        assert all(s.intact and not s.trusted for s in verdict.signatures)


def test_one_pem_may_hold_several_roots(check, world: World, sealed: Path, tmp_path: Path) -> None:
    stranger = a_world(tmp_path / "stranger")
    both = tmp_path / "both.pem"
    both.write_bytes(stranger.roots[0].read_bytes() + world.roots[0].read_bytes())
    assert check(sealed.read_bytes(), [both]).verdict is Answer.VALID


def test_an_expired_time_stamp_certificate_asks_for_renewal(check, sealed: Path) -> None:
    data = sealed.read_bytes()
    now = datetime.now(UTC)
    # the seal's own certificate ends after five years; the proven time carries it
    assert check(data, at=now + timedelta(days=365 * 6)).verdict is Answer.VALID
    verdict = check(data, at=now + timedelta(days=365 * 11))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "time-stamp-expired")


def test_a_time_stamp_from_the_future_is_not_believed(check, sealed: Path) -> None:
    verdict = check(sealed.read_bytes(), at=datetime.now(UTC) - timedelta(days=1))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "time-order")


@pytest.mark.parametrize(("days", "expected"), [(-1, Answer.INVALID), (1, Answer.VALID)])
def test_revocation_before_the_seal_breaks_it_and_after_does_not(
    world: World, check, sealed: Path, tmp_path: Path, days: int, expected: Answer
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    source = world.ring.revocation
    assert source is not None
    revoked = source.issue(
        now + timedelta(days=3), {world.ring.get().certificate.serial_number: now + timedelta(days=days)}
    )
    lists = tmp_path / "lists.pem"
    lists.write_bytes(pem.armor("X509 CRL", revoked))
    verdict = check(sealed.read_bytes(), [*world.roots, lists], at=now + timedelta(days=4))
    assert verdict.verdict is expected
    if expected is Answer.INVALID:
        assert verdict.reason == "revoked"
        assert "+07:00" in verdict.tell


# --- files that others sign ---------------------------------------------------------------------------------------


def _sign(data: bytes, signer, field: str = "NguoiKy", tsa=None, md: str = "sha256", **more) -> bytes:
    more.setdefault("subfilter", SigSeedSubFilter.PADES)
    meta = PdfSignatureMetadata(field_name=field, md_algorithm=md, **more)
    out = io.BytesIO()
    asyncio.run(
        PdfSigner(meta, signer, timestamper=tsa, new_field_spec=SigFieldSpec(field)).async_sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(data)), output=out
        )
    )
    return out.getvalue()


def _with_store(data: bytes, world: World) -> bytes:
    out = io.BytesIO(data)
    assert world.ring.revocation is not None
    DocumentSecurityStore.add_dss(out, None, crls=list(world.ring.revocation.lists(datetime.now(UTC))))
    return out.getvalue()


@pytest.fixture
def plain(tmp_path: Path) -> bytes:
    return a_pdf(tmp_path / "foreign.pdf", pages=2).read_bytes()


def test_basic_and_time_stamped_signatures_lack_revocation_data(check, world: World, plain: bytes) -> None:
    signer = world.ring.get().signer
    for tsa, level in ((None, "PAdES-BASELINE-B"), (world.tsa, "PAdES-BASELINE-T")):
        verdict = check(_sign(plain, signer, tsa=tsa))
        assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "no-revocation-data")
        assert verdict.level == level
        assert verdict.signatures[0].time_source == ("time-stamp" if tsa else "claimed")


def test_a_store_behind_the_last_signature_is_told_because_nothing_covers_it(
    check, world: World, plain: bytes
) -> None:
    """Whoever replaces that store leaves the same picture, so only a covering time stamp makes it VALID."""
    data = _with_store(_sign(plain, world.ring.get().signer, tsa=world.tsa), world)
    verdict = check(data)
    assert (verdict.verdict, verdict.reason) == (Answer.VALID_LATER_CHANGES, "validation-data-later"), verdict
    assert verdict.level == "PAdES-BASELINE-LT"
    assert verdict.signatures[0].changes == "lta-updates"
    # the same, once something is behind the store
    assert check(data + b"x").verdict in NOT_GREEN
    assert check(sealing.hidden_objects(data)).verdict is Answer.INVALID
    assert check(sealing.swap_image(data)).verdict is Answer.INVALID
    assert check(sealing.overlay(data)).verdict is Answer.INVALID


def test_a_second_signature_is_no_change_of_what_the_first_signed(check, world: World, plain: bytes) -> None:
    signer = world.ring.get().signer
    both = _sign(_sign(plain, signer, tsa=world.tsa), signer, "ConDau", tsa=world.tsa)
    verdict = check(for_long(both, world))
    assert verdict.verdict is Answer.VALID, verdict
    first, second, stamp = verdict.signatures
    assert (first.changes, second.changes, stamp.changes) == ("signatures", "lta-updates", "none")
    assert {c.code for c in first.later_changes} >= {"signature-added", "signature-field-added", "dss-added"}
    assert all(c.tell and c.revision > 2 for c in first.later_changes)


def test_the_last_signature_alone_does_not_decide(check, world: World, plain: bytes) -> None:
    """Someone changes a page between two signatures: the last one is perfect, the file is not."""
    signer = world.ring.get().signer
    harmed = sealing.swap_image(_sign(plain, signer, tsa=world.tsa))
    verdict = check(_with_store(_sign(harmed, signer, "ConDau", tsa=world.tsa), world))
    assert verdict.verdict is Answer.INVALID
    assert verdict.signatures[0].reason == "changes-not-allowed"


def _a_form(folder: Path) -> bytes:
    with pikepdf.open(a_pdf(folder / "f.pdf")) as pdf:
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                FT=pikepdf.Name.Tx,
                T=pikepdf.String("GhiChu"),
                V=pikepdf.String(""),
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                Rect=pikepdf.Array([10, 10, 100, 30]),
            )
        )
        pdf.pages[0].Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def _filled(data: bytes, words: str) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    fields = writer.root["/AcroForm"]["/Fields"]
    text = next(f for f in (fields.raw_get(n) for n in range(len(fields))) if f.get_object()["/FT"] == "/Tx")
    text.get_object()[pdf_name("/V")] = generic.pdf_string(words)
    writer.mark_update(text)
    filled = io.BytesIO()
    writer.write(filled)
    return filled.getvalue()


def test_a_form_filled_by_nobody_who_signs_may_not_be_seen(check, world: World, tmp_path: Path) -> None:
    signed = for_long(_sign(_a_form(tmp_path), world.ring.get().signer, tsa=world.tsa), world)
    assert check(signed).verdict is Answer.VALID
    verdict = check(_filled(signed, "Da xem"))
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "looks-different"), verdict
    verdict = check(_filled(signed, ""))
    assert verdict.verdict is Answer.VALID_LATER_CHANGES, verdict


def test_a_form_filled_by_the_next_signer_is_shown_as_a_later_change(
    check, world: World, tmp_path: Path
) -> None:
    signer = world.ring.get().signer
    filled = _filled(_sign(_a_form(tmp_path), signer, tsa=world.tsa), "Da xem")
    verdict = check(for_long(_sign(filled, signer, "ConDau", tsa=world.tsa), world))
    assert (verdict.verdict, verdict.reason) == (Answer.VALID_LATER_CHANGES, "later-changes"), verdict
    assert ("form-value", "GhiChu") in {(c.code, c.where) for c in verdict.signatures[0].later_changes}


def _own_signer(world: World, bits: int) -> CachedKeySigner:
    """A seal key of another size, certified by the demo root."""
    return CachedKeySigner(*certified(world.folder, "X", bits))


def test_short_keys_are_not_relied_on(check, world: World, plain: bytes) -> None:
    verdict = check(_with_store(_sign(plain, _own_signer(world, 1024), tsa=world.tsa), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "weak-algorithm")
    assert "RSA 1024" in verdict.tell


def test_weak_hashes_are_not_relied_on(check, world: World, plain: bytes, monkeypatch) -> None:
    from cryptography.hazmat.primitives import hashes

    from signing import mechanisms

    monkeypatch.setitem(mechanisms.HASHES, "sha1", hashes.SHA1())
    verdict = check(_with_store(_sign(plain, world.ring.get().signer, md="sha1"), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "weak-algorithm")


def test_a_seal_made_with_the_time_stamp_key_is_not_a_seal(check, world: World, plain: bytes) -> None:
    """A certificate for time stamps alone may not sign papers, whatever its key usage says."""
    certificate, key = load_p12(world.folder, demo_pki.TSA)
    signer = CachedKeySigner(key, x509.Certificate.load(certificate.public_bytes(Encoding.DER)))
    verdict = check(_with_store(_sign(plain, signer, tsa=world.tsa), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "key-usage")


def test_a_time_stamp_made_with_the_seal_key_is_not_a_time_stamp(check, world: World, plain: bytes) -> None:
    from signing.timestamps import DemoTimeStamps

    crooked = DemoTimeStamps(world.folder, world.clock)
    certificate, crooked._key = load_p12(world.folder, demo_pki.SEAL)
    crooked.certificate = x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    verdict = check(_with_store(_sign(plain, world.ring.get().signer, tsa=crooked), world))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "time-stamp")


def test_an_older_sub_filter_works_and_an_unknown_one_is_named(check, world: World, plain: bytes) -> None:
    signer = world.ring.get().signer
    data = _sign(plain, signer, tsa=world.tsa, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    verdict = check(for_long(data, world))
    assert (verdict.verdict, verdict.level) == (Answer.VALID, "PKCS7-LTA")
    verdict = check(data.replace(b"/adbe.pkcs7.detached", b"/adbe.pkcs7.detacheX"))
    assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "unsupported")
    assert len(verdict.signatures) == 1


def test_revocation_data_inside_the_signature_counts(check, world: World, plain: bytes) -> None:
    """Acrobat's way: revocation data in a signed attribute, no DSS."""
    assert world.ring.revocation is not None
    context = ValidationContext(
        trust_roots=list(load_trust(world.roots).roots),
        crls=list(world.ring.revocation.lists(datetime.now(UTC))),
        revocation_mode="require",
    )
    data = _sign(
        plain,
        world.ring.get().signer,
        tsa=world.tsa,
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        embed_validation_info=True,
        validation_context=context,
    )
    verdict = check(data)
    assert (verdict.verdict, verdict.level) == (Answer.VALID, "PKCS7-LT"), verdict


def test_lower_case_contents_of_others_are_fine_and_mixed_are_not(check, sealed: Path) -> None:
    data = sealed.read_bytes()
    first, second = byte_ranges(data)[-1][1:3]
    assert check(data[:first] + data[first:second].lower() + data[second:]).verdict is Answer.VALID
    half = (first + second) // 2
    verdict = check(data[:first] + data[first:half].lower() + data[half:])
    assert (verdict.verdict, verdict.reason) == (Answer.INVALID, "byte-range")
