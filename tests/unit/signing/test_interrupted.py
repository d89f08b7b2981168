"""A key that is elsewhere: prepared here, signed there, finished here, once, in time, by the certificate shown."""

import hashlib
import json
import subprocess
import sys
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from records.clock import FixedClock
from records.errors import ArchiveFault, Away
from signing import demo_pki, mechanisms
from signing.interrupted import InterruptedSigning, Prepared
from signing.keys import KeyRing, load_p12
from signing.mechanisms import PrivateKey
from signing.seal import SigningService
from signing.timestamps import TimeStamps
from signing.verdict import Answer
from signing.verify import verify_pdf
from signing.wish import Wish
from tests.cases.office import Office, an_office, certified_curve, drawn
from tests.cases.sealing import World, a_pdf, a_world, certified


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    return an_office(world)


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> InterruptedSigning:
    return InterruptedSigning(office.service, tmp_path / "waiting")


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return a_pdf(tmp_path / "paper.pdf")


def der(office: Office, name: str) -> bytes:
    return office.ring.get(name).certificate.dump()


def at_the_desk(key: PrivateKey, prepared: Prepared) -> bytes:
    """What the person's token does: it sees the bytes to be signed and nothing else."""
    return mechanisms.sign(key, b64decode(prepared.to_be_signed), prepared.digest)


def refused(code: str, work) -> ArchiveFault:
    with pytest.raises(ArchiveFault) as fault:
        work()
    assert fault.value.code == code
    assert fault.value.tell
    return fault.value


def test_official_and_seal_with_keys_that_are_elsewhere(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path
) -> None:
    box = (100, 200, 200, 260)
    first = desk.prepare(paper, der(office, "chu-tich"), "official", drawn(box), document_id="vb9")
    one = desk.finish(first, at_the_desk(office.private["chu-tich"], first), tmp_path / "1.pdf")
    second = desk.prepare(tmp_path / "1.pdf", der(office, "con-dau"), "seal")
    two = desk.finish(second, at_the_desk(office.private["con-dau"], second), tmp_path / "2.pdf")
    assert (one.level, one.field) == ("PAdES-BASELINE-T", "NguoiKy_vb9")
    assert (two.level, two.field) == ("PAdES-BASELINE-LTA", "ConDau_vb9")
    assert two.sha256 == hashlib.sha256((tmp_path / "2.pdf").read_bytes()).hexdigest()
    assert two.certificate_sha256 == office.ring.get("con-dau").certificate_sha256
    verdict = verify_pdf(tmp_path / "2.pdf", office.world.roots)
    assert all(s.intact and s.trusted for s in verdict.signatures)
    assert verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES)
    assert not list((tmp_path / "waiting").glob("*.pdf"))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_a_person_in_no_table_with_a_curve(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path, curve: ec.EllipticCurve
) -> None:
    key, certificate = certified_curve(office.world, "Phạm Thị D", curve)
    prepared = desk.prepare(paper, certificate.dump(), "official", level="PAdES-BASELINE-LTA")
    desk.finish(prepared, at_the_desk(key, prepared), tmp_path / "o.pdf", certificate=certificate.dump())
    assert verify_pdf(tmp_path / "o.pdf", office.world.roots).verdict is Answer.VALID


def test_what_waits_outlives_the_process(office: Office, paper: Path, tmp_path: Path) -> None:
    """Prepared by this process, its key used by nobody here, finished by another process from the files alone."""
    desk = InterruptedSigning(office.service, tmp_path / "waiting")
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    (tmp_path / "sent.json").write_text(prepared.to_json())
    (tmp_path / "value").write_bytes(at_the_desk(office.private["pho"], prepared))
    program = """
import sys
from pathlib import Path
from tests.cases.sealing import a_world
from signing.interrupted import InterruptedSigning, Prepared
here, keys = Path(sys.argv[1]), Path(sys.argv[2])
desk = InterruptedSigning(a_world(keys).service, here / "waiting")
prepared = Prepared.from_json((here / "sent.json").read_text())
print(desk.finish(prepared, (here / "value").read_bytes(), here / "out.pdf").level)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path, office.world.folder],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert ran.stdout.strip() == "PAdES-BASELINE-T", ran.stderr
    refused("prepared-used", lambda: desk.finish(prepared, b"", tmp_path / "o2.pdf"))


def test_once_and_no_more(office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    value = at_the_desk(office.private["pho"], prepared)

    def finish(number: int) -> str:
        try:
            return desk.finish(prepared, value, tmp_path / f"o{number}.pdf").field
        except ArchiveFault as fault:
            return fault.code

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(finish, range(4)))
    assert said == [prepared.field, *["prepared-used"] * 3]
    assert len(list(tmp_path.glob("o*.pdf"))) == 1


def test_fifteen_minutes(office: Office, paper: Path, tmp_path: Path) -> None:
    class Later:
        ahead = timedelta()

        def now(self) -> datetime:
            return office.world.clock.now() + self.ahead

    clock = Later()
    service = SigningService(office.ring, office.world.tsa, clock, office.world.roots)
    desk = InterruptedSigning(service, tmp_path / "waiting")
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    clock.ahead = timedelta(minutes=15, seconds=1)
    value = at_the_desk(office.private["pho"], prepared)
    refused("prepared-expired", lambda: desk.finish(prepared, value, tmp_path / "o.pdf"))
    assert not (tmp_path / "o.pdf").exists()


def test_wrong_values_and_other_certificates(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path
) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    other = desk.prepare(a_pdf(tmp_path / "other.pdf", words="Khac"), der(office, "pho"), "official")
    good, out = at_the_desk(office.private["pho"], prepared), tmp_path / "o.pdf"
    for value in (
        b"",
        bytes(256),
        good[:-1],
        good[:-1] + bytes([good[-1] ^ 1]),
        at_the_desk(office.private["chu-tich"], prepared),
        at_the_desk(office.private["pho"], other),
    ):
        refused("signature-wrong", lambda value=value: desk.finish(prepared, value, out))
    refused(
        "certificate-other",
        lambda: desk.finish(prepared, good, out, certificate=der(office, "chu-tich")),
    )
    assert not out.exists()
    desk.finish(prepared, good, out, certificate=der(office, "pho"))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("nonce", "guessed"),
        ("profile", "seal"),
        ("level", "PAdES-BASELINE-LTA"),
        ("expires", "2999-01-01T00:00:00+00:00"),
        ("to_be_signed", "MQA="),
        ("room", (0, 20000)),
        ("source_sha256", "0" * 64),
    ],
)
def test_a_record_that_came_back_changed(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path, part: str, value: object
) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    good = at_the_desk(office.private["pho"], prepared)
    changed = replace(prepared, **{part: value})
    refused("prepared-tampered", lambda: desk.finish(changed, good, tmp_path / "o.pdf"))
    assert not (tmp_path / "o.pdf").exists()


def test_a_prepared_file_that_was_changed(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path
) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    good, out = at_the_desk(office.private["pho"], prepared), tmp_path / "o.pdf"
    pdf, record = (tmp_path / "waiting" / f"{prepared.id}{end}" for end in (".pdf", ".json"))
    data = pdf.read_bytes()
    pdf.write_bytes(data.replace(b"300 400", b"300 401", 1))
    refused("prepared-tampered", lambda: desk.finish(prepared, good, out))
    # also with a record that fits the changed file: the signed attributes hold the digest of the true one
    fitting = replace(prepared, prepared_sha256=hashlib.sha256(pdf.read_bytes()).hexdigest())
    record.write_text(fitting.to_json())
    refused("seal-not-valid", lambda: desk.finish(fitting, good, out))
    record.write_text("{}")
    refused("prepared-tampered", lambda: desk.finish(prepared, good, out))
    record.write_text(prepared.to_json())
    pdf.unlink()
    refused("prepared-tampered", lambda: desk.finish(prepared, good, out))
    assert not out.exists()
    pdf.write_bytes(data)
    desk.finish(prepared, good, out)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x" * 100, "0" * 32])
def test_names_that_lead_nowhere(office: Office, desk: InterruptedSigning, paper: Path, name: str) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    refused("prepared-unknown", lambda: desk.finish(replace(prepared, id=name), b"", paper))


def test_the_paper_moved_on_meanwhile(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path
) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    again = desk.prepare(paper, der(office, "chu-tich"), "official")
    desk.finish(
        prepared, at_the_desk(office.private["pho"], prepared), paper
    )  # in place: still that revision
    value = at_the_desk(office.private["chu-tich"], again)
    refused("revision-changed", lambda: desk.finish(again, value, paper))
    refused(
        "revision-changed",
        lambda: desk.prepare(paper, der(office, "chu-tich"), "official", expected_sha256="0" * 64),
    )


def test_a_silent_time_authority_may_be_asked_again(office: Office, paper: Path, tmp_path: Path) -> None:
    class Moody(TimeStamps):
        constant_size = True
        silent = False

        def ask(self, request: bytes) -> bytes:
            if self.silent:
                raise Away("nobody", code="time-stamp-away", tell="Chờ dấu thời gian.")
            return office.world.tsa.ask(request)

    moody = Moody(office.world.clock)
    service = SigningService(office.ring, moody, office.world.clock, office.world.roots)
    desk = InterruptedSigning(service, tmp_path / "waiting")
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    value = at_the_desk(office.private["pho"], prepared)
    moody.silent = True
    refused("time-stamp-away", lambda: desk.finish(prepared, value, tmp_path / "o.pdf"))
    assert not (tmp_path / "o.pdf").exists()
    moody.silent = False
    assert desk.finish(prepared, value, tmp_path / "o.pdf").level == "PAdES-BASELINE-T"


# --- who is admitted at all


def test_certificates_that_may_not_sign(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path
) -> None:
    other = a_world(tmp_path / "other")
    root, _ = load_p12(office.world.folder, demo_pki.ROOT)
    tsa, _ = load_p12(office.world.folder, demo_pki.TSA)
    _, strange = certified(other.folder, "Người lạ")
    _, short = certified(office.world.folder, "Khóa ngắn", bits=1024)
    _, unknown_unit = certified(office.world.folder, "Cơ quan khác")
    for certificate, profile, code in (
        (b"", "official", "certificate-unreadable"),
        (b"\x30\x03\x02\x01\x00", "official", "certificate-unreadable"),
        (root.public_bytes(Encoding.DER), "official", "certificate-key-usage"),
        (tsa.public_bytes(Encoding.DER), "official", "certificate-key-usage"),
        (strange.dump(), "official", "certificate-not-trusted"),
        (short.dump(), "official", "certificate-weak"),
        (der(office, "con-dau"), "official", "role-wrong"),
        (der(office, "pho"), "seal", "role-wrong"),
        (unknown_unit.dump(), "copy", "role-wrong"),
    ):
        refused(code, lambda c=certificate, p=profile: desk.prepare(paper, c, p))
    assert list((tmp_path / "waiting").iterdir()) == []


def test_an_expired_and_a_revoked_certificate(office: Office, paper: Path, tmp_path: Path) -> None:
    certificate = office.ring.get("pho").certificate
    late = FixedClock(office.world.clock.now() + timedelta(days=6 * 365))
    service = SigningService(office.ring, office.world.tsa, late, office.world.roots)
    refused(
        "certificate-expired",
        lambda: InterruptedSigning(service, tmp_path / "w").prepare(paper, certificate.dump(), "official"),
    )
    now = office.world.clock.now().replace(microsecond=0)
    from asn1crypto import pem

    listed = office.ring.revocation.issue(now, {certificate.serial_number: now - timedelta(minutes=5)})
    (tmp_path / "lists.pem").write_bytes(pem.armor("X509 CRL", listed))
    ring = KeyRing(office.ring.keys, None, "archive")
    trust = [*office.world.roots, tmp_path / "lists.pem"]
    service = SigningService(ring, office.world.tsa, office.world.clock, trust)
    fault = refused(
        "certificate-revoked",
        lambda: InterruptedSigning(service, tmp_path / "w").prepare(paper, certificate.dump(), "official"),
    )
    assert "thu hồi" in fault.tell


def test_the_order_is_held_before_anything_is_shown(
    office: Office, desk: InterruptedSigning, paper: Path
) -> None:
    refused("order-seal-without-official", lambda: desk.prepare(paper, der(office, "con-dau"), "seal"))


def test_a_key_of_the_table_must_be_that_key(
    office: Office, desk: InterruptedSigning, paper: Path, tmp_path: Path
) -> None:
    refused("certificate-other", lambda: desk.prepare(paper, der(office, "pho"), "official", key="chu-tich"))
    refused("no-key", lambda: desk.prepare(paper, der(office, "pho"), "official", key="ai-do"))
    with pytest.raises(ValueError, match="without a key"):
        desk.prepare(paper, der(office, "pho"), "official", Wish())
    prepared = desk.prepare(paper, der(office, "pho"), "official", Wish(hidden=True), key="pho")
    desk.finish(prepared, at_the_desk(office.private["pho"], prepared), tmp_path / "o.pdf")


def test_the_record_is_plain_json(office: Office, desk: InterruptedSigning, paper: Path) -> None:
    prepared = desk.prepare(paper, der(office, "pho"), "official")
    assert Prepared.from_json(json.dumps(json.loads(prepared.to_json()))) == prepared
