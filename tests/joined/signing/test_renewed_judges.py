"""What strangers say of a renewed file: EU DSS, poppler, qpdf, veraPDF; with stamps of two authorities, RSA and EC."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from signing.renew import Renewer
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.epochs import AllLists, an_epoch, ec_key
from tests.cases.sealing import World
from tests.tools import validators

pytestmark = pytest.mark.joined


@pytest.fixture(scope="module")
def renewed(
    world: World, archive_files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Path], Path]:
    """Each archive file renewed twice: by the demo authority, then by another one with P-384; and all the roots."""
    folder = tmp_path_factory.mktemp("renewed")
    begin = world.clock.now() - timedelta(hours=2)
    authority, tsa, root = an_epoch("P-384", ec_key(), "sha384", begin, 15, world.clock, folder)
    roots = folder / "roots.pem"
    roots.write_bytes(world.roots[0].read_bytes() + root.read_bytes())
    lists = AllLists([authority], world.ring.revocation)
    made = []
    for number, path in enumerate(archive_files):
        once, twice = folder / f"once{number}.pdf", folder / f"twice{number}.pdf"
        Renewer(world.tsa, world.clock, (roots,), lists).renew(path, once)
        Renewer(tsa, world.clock, (roots,), lists).renew(once, twice)
        made += [once, twice]
    return made, roots


@pytest.mark.validators
def test_eu_dss_names_b_lta_and_finds_nothing_wrong(renewed: tuple[list[Path], Path]) -> None:
    files, roots = renewed
    for path, said in validators.dss(files, roots).items():
        assert (said.indication, said.level) == ("TOTAL_PASSED", "PAdES-BASELINE-LTA"), said
        assert said.errors == ()
        assert set(said.warnings) <= validators.DEMO_WARNINGS
        stamps = 3 if path.stem.startswith("once") else 4
        assert said.timestamps == ("PASSED",) * stamps, said
        assert verify_pdf(path, [roots]).verdict is Answer.VALID


@pytest.mark.validators
def test_verapdf_still_calls_it_pdfa_2b(renewed: tuple[list[Path], Path]) -> None:
    for path, said in validators.verapdf(renewed[0]).items():
        assert said.compliant, (path, said.failures)


def test_poppler_and_qpdf_find_nothing_wrong(renewed: tuple[list[Path], Path]) -> None:
    for path in renewed[0]:
        said = subprocess.run(
            ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False, timeout=60
        ).stdout
        assert "Signature is Valid." in said
        assert "Invalid" not in said
        assert "Total document signed" in said.rpartition("Signature #")[2]
        done = subprocess.run(
            ["qpdf", "--check", str(path)], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stdout + done.stderr
