"""What strangers say of every signing profile at every level: EU DSS, poppler, pyHanko, veraPDF, qpdf."""

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

from signing.profiles import PROFILES, FieldPlan, Level
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.office import Office, an_office, drawn
from tests.cases.sealing import World
from tests.joined.signing.conftest import compose
from tests.tools import validators

pytestmark = pytest.mark.joined
SIGNATURE, STAMP = (300, 120, 420, 180), (260, 90, 362, 192)


@dataclass(frozen=True)
class Made:
    """One signed file and the level of each of its signatures, in file order."""

    path: Path
    levels: tuple[str, ...]
    revocation: Path


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    return an_office(world)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compose(tmp_path_factory.mktemp("paper"), 2)


@pytest.fixture(scope="module")
def made(office: Office, source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    folder = tmp_path_factory.mktemp("profiles")
    crl = folder / "list.der"
    crl.write_bytes(office.ring.revocation.lists(office.world.clock.now())[0].dump())
    files = {}
    alone = [
        one for one in PROFILES.values() if one.name not in ("seal", "hop", "hop-seal")
    ]  # those follow others
    for profile in alone:
        for level in profile.levels:
            path = folder / f"{profile.name}-{level.name}.pdf"
            key = {"official": "pho"}.get(profile.name)
            visible = drawn(SIGNATURE, 1) if profile.name in ("official", "copy") else None
            office.service.seal(source, path, profile.name, key, level=level, visible=visible)
            files[path.stem] = Made(path, (level,), crl)
    one, three, done = (folder / f"{name}.pdf" for name in ("one", "three", "lifted"))
    office.service.seal(
        source,
        one,
        "official",
        "chu-tich",
        visible=drawn(SIGNATURE, 1),
        later=[FieldPlan("official"), FieldPlan("seal", drawn(STAMP, 1))],
    )
    office.service.seal(one, three, "seal", visible=drawn(STAMP, 1))
    files["three"] = Made(three, (Level.LTA, Level.LTA), crl)
    office.service.seal(one, folder / "two.pdf", "official", "pho")
    office.service.seal(
        folder / "two.pdf", folder / "waits.pdf", "seal", level=Level.T, visible=drawn(STAMP, 1)
    )
    files["waits"] = Made(folder / "waits.pdf", (Level.T,) * 3, crl)
    office.service.complete(folder / "waits.pdf", done)
    files["lifted"] = Made(done, (Level.LTA,) * 3, crl)
    return files


@pytest.mark.validators
def test_eu_dss_names_the_level_of_every_signature(office: Office, made: dict[str, Made]) -> None:
    crl = next(iter(made.values())).revocation
    said = validators.dss([one.path for one in made.values()], office.world.roots[0], crl)
    for name, one in made.items():
        judged = said[one.path]
        assert judged.signatures == tuple((level, "TOTAL_PASSED") for level in one.levels), (name, judged)
        assert judged.errors == (), (name, judged)
        assert set(judged.timestamps) == {"PASSED"}, (name, judged)


def test_poppler_calls_every_signature_valid(made: dict[str, Made]) -> None:
    for name, one in made.items():
        ran = subprocess.run(
            ["pdfsig", "-nocert", one.path], capture_output=True, text=True, check=False, timeout=300
        )
        # poppler 22 names document time stamps, counts their range, and cannot check them ("not yet been verified")
        assert ran.stdout.count("Signature is Valid.") == len(one.levels), (name, ran.stdout)
        assert "Invalid" not in ran.stdout
        last = ran.stdout.split("Signature #")[-1]
        if one.levels[-1] != Level.LT:  # poppler counts the revision with the revocation data as unsigned
            assert "Total document signed" in last, (name, last)


def test_pyhanko_itself_calls_every_signature_good(office: Office, made: dict[str, Made]) -> None:
    roots = list(load_certs_from_pemder([str(office.world.roots[0])]))
    for name, one in made.items():
        context = ValidationContext(
            trust_roots=roots,
            allow_fetching=False,
            crls=list(office.ring.revocation.lists(office.world.clock.now())),
            revocation_mode="require",
        )
        with one.path.open("rb") as file:
            reader = PdfFileReader(file)
            for signature in reader.embedded_regular_signatures:
                status = validate_pdf_signature(signature, context)
                assert status.bottom_line, (name, status.pretty_print_details())
                assert status.trusted
                assert status.timestamp_validity.trusted
            for stamp in reader.embedded_timestamp_signatures:
                said = validate_pdf_timestamp(stamp, context)
                assert (said.intact, said.valid, said.trusted) == (True, True, True), name


def test_our_own_check_says_the_same(office: Office, made: dict[str, Made]) -> None:
    for name, one in made.items():
        verdict = verify_pdf(one.path, office.world.roots)
        signatures = [s for s in verdict.signatures if s.kind == "signature"]
        assert [s.level for s in signatures] == list(one.levels), name
        assert all(s.intact for s in signatures), name
        if one.levels[-1] != Level.T:
            assert verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES), (name, verdict)
            assert all(s.trusted for s in signatures), name
            # no time stamp covers the data of a B-LT signature yet
            open_end = one.levels[-1] == Level.LT and signatures[-1].reason == "validation-data-later"
            assert signatures[-1].verdict is Answer.VALID or open_end, name
        assert all(isinstance(s.signed_at, datetime) for s in signatures)


@pytest.mark.validators
def test_verapdf_calls_every_profile_pdfa_2b(source: Path, made: dict[str, Made]) -> None:
    files = [source, *(one.path for one in made.values())]
    for path, said in validators.verapdf(files).items():
        assert said.compliant, (path, said.failures)


def test_qpdf_finds_nothing_wrong(made: dict[str, Made]) -> None:
    for one in made.values():
        ran = subprocess.run(["qpdf", "--check", one.path], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "WARNING" not in ran.stdout + ran.stderr
