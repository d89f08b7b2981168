"""What strangers say of our seals: EU DSS, poppler, qpdf, veraPDF, openssl; and of tampered ones."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases import sealing
from tests.cases.sealing import World, byte_ranges
from tests.tools import validators

pytestmark = pytest.mark.joined


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.validators
def test_eu_dss_names_b_lta_and_finds_nothing_wrong(world: World, archive_files: list[Path]) -> None:
    for said in validators.dss(archive_files, world.roots[0]).values():
        assert (said.indication, said.level) == ("TOTAL_PASSED", "PAdES-BASELINE-LTA"), said
        assert said.errors == ()
        assert set(said.warnings) <= validators.DEMO_WARNINGS
        assert said.timestamps == ("PASSED", "PASSED")


@pytest.mark.validators
def test_eu_dss_and_we_agree_on_tampered_files(
    world: World, archive_files: list[Path], tmp_path: Path
) -> None:
    data = archive_files[0].read_bytes()
    cut = sealing.revision_ends(data)
    harmed = {
        "page": sealing.append_page(data),
        "overlay": sealing.overlay(data),
        "flip": data[:2000] + bytes([data[2000] ^ 1]) + data[2001:],
        "moment": data.replace(b"/M (D\\072", b"/M (E\\072", 1),
        "cut": data[: cut[-2]],
    }
    files = []
    for name, content in harmed.items():
        files.append(tmp_path / f"{name}.pdf")
        files[-1].write_bytes(content)
    for path, said in validators.dss(files, world.roots[0]).items():
        ours = verify_pdf(path, world.roots)
        assert ours.verdict in (Answer.INVALID, Answer.INDETERMINATE), path
        if path.stem in ("flip", "moment"):
            assert said.indication != "TOTAL_PASSED", said
        if path.stem == "cut":  # DSS cannot know that a stamp was there; our seal says so in its signed part
            assert ours.signatures[0].reason == "time-stamp-missing"


def test_poppler_calls_the_seal_valid(archive_files: list[Path]) -> None:
    for path in archive_files:
        said = _run("pdfsig", "-nocert", path).stdout
        assert "Signature is Valid." in said
        assert "Total document signed" in said.split("Signature #2")[1]
        assert "Invalid" not in said


def test_poppler_trusts_the_seal_when_the_demo_root_is_in_its_store(
    world: World, archive_files: list[Path], tmp_path: Path
) -> None:
    if shutil.which("certutil") is None:
        pytest.skip("needs certutil (libnss3-tools) on this machine")
    store = f"sql:{tmp_path}"
    _run("certutil", "-N", "-d", store, "--empty-password")
    added = _run("certutil", "-A", "-d", store, "-n", "demo", "-t", "CT,CT,CT", "-a", "-i", world.roots[0])
    assert added.returncode == 0
    said = _run("pdfsig", "-nssdir", store, archive_files[0]).stdout
    assert "Signature is Valid." in said
    assert "Certificate is Trusted." in said


def test_qpdf_finds_nothing_wrong(archive_files: list[Path]) -> None:
    for path in archive_files:
        done = _run("qpdf", "--check", path)
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stdout + done.stderr


@pytest.mark.validators
def test_verapdf_still_calls_it_pdfa_2b(archive_files: list[Path]) -> None:
    both = [p for path in archive_files for p in (path.with_name("access.pdf"), path)]
    for path, said in validators.verapdf(both).items():
        assert said.compliant, (path, said.failures)


def test_openssl_verifies_signature_and_time_stamp_from_the_raw_bytes(
    world: World, archive_files: list[Path], tmp_path: Path
) -> None:
    data = archive_files[0].read_bytes()
    for number, (_, first, second, rest) in enumerate(byte_ranges(data)):
        (tmp_path / "cms.der").write_bytes(bytes.fromhex(data[first + 1 : second - 1].decode()))
        (tmp_path / "signed.bin").write_bytes(data[:first] + data[second : second + rest])
        roots = ["-CAfile", world.roots[0]]
        if number == 0:
            given = [
                "-binary",
                "-inform",
                "DER",
                "-in",
                tmp_path / "cms.der",
                "-content",
                tmp_path / "signed.bin",
            ]
            done = _run(
                "openssl", "cms", "-verify", *given, *roots, "-purpose", "any", "-out", tmp_path / "x"
            )
        else:
            given = ["-data", tmp_path / "signed.bin", "-in", tmp_path / "cms.der", "-token_in"]
            done = _run("openssl", "ts", "-verify", *given, *roots)
        assert done.returncode == 0, done.stderr
        assert re.search(
            "Verification(: OK| successful)|CMS Verification successful", done.stdout + done.stderr
        )


def test_the_seal_is_small_and_changes_no_word(archive_files: list[Path]) -> None:
    for path in archive_files:
        source = path.with_name("access.pdf")
        assert path.stat().st_size - source.stat().st_size < 20_000
        assert _run("pdftotext", source, "-").stdout == _run("pdftotext", path, "-").stdout
