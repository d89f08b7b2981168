"""Ask the outside judges (veraPDF, EU DSS) about finished files: one Java start for any number of them."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("VANTHU_VALIDATORS", HERE.parents[1] / ".tools" / "validators"))
TIMEOUT = 540
JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""A judge runs for seconds: compiling what it does as well as can be takes longer than it saves."""

UTF8 = {**os.environ, "LC_ALL": "C.UTF-8"}  # or Java misreads file names with Vietnamese letters


@dataclass(frozen=True)
class PdfaJudgement:
    """veraPDF on one file; `failures`: clause and description of each rule broken, or why it could not be read."""

    compliant: bool
    failures: tuple[str, ...]


@dataclass(frozen=True)
class SignatureJudgement:
    """EU DSS on one file: level and indication of its first signature; errors and warnings of signatures and time
    stamps; the indication of each time stamp; level and indication of every signature, in file order."""

    level: str
    indication: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    timestamps: tuple[str, ...] = ()
    signatures: tuple[tuple[str, str], ...] = ()


DEMO_WARNINGS = frozenset(
    {
        # the demo authority has no address anywhere on purpose, so its certificates name none
        "The authority info access is not present!",
        "The revocation info access is not present!",
    }
)


def jars(name: str) -> str:
    """Return the class path of validator `name`, brought by `get-validators` when it is not there yet.

    Without Java or Maven the test fails where CI is set and is skipped on a person's machine.
    """
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{tool} is missing: apt install default-jdk-headless maven")
            pytest.skip(f"{tool} is missing, so nobody asked {name}: apt install default-jdk-headless maven")
    subprocess.run([HERE / "get-validators", name], check=True, timeout=TIMEOUT)
    return str(FOLDER / name / "*")


def verapdf(files: Sequence[Path], flavour: str = "2b") -> dict[Path, PdfaJudgement]:
    """Return veraPDF's judgement of each file as PDF/A of `flavour`."""
    command = [*JAVA, "-cp", jars("verapdf"), "org.verapdf.apps.GreenfieldCliWrapper"]
    options = ["--flavour", flavour, "--format", "xml", "--maxfailuresdisplayed", "1"]
    ran = subprocess.run(
        [*command, *options, *files], capture_output=True, env=UTF8, timeout=TIMEOUT, check=False
    )
    if not ran.stdout:
        pytest.fail(f"veraPDF said nothing: {ran.stderr.decode(errors='replace')[:500]}")
    found: dict[Path, PdfaJudgement] = {}
    for job in ET.fromstring(ran.stdout).iter("job"):
        report = job.find("validationReport")
        failures = [f"{rule.get('clause')}: {rule.findtext('description')}" for rule in job.iter("rule")]
        failures += [fault.text or "" for fault in job.iter("exceptionMessage")]
        compliant = report is not None and report.get("isCompliant") == "true"
        found[Path(job.findtext("item/name") or "")] = PdfaJudgement(compliant, tuple(failures))
    return {file: found[file.resolve() if file not in found else file] for file in files}


def dss(files: Sequence[Path], roots: Path, revocation: Path | None = None) -> dict[Path, SignatureJudgement]:
    """Return EU DSS's judgement of each signed file, trusting the certificates of the PEM `roots`.

    `revocation`: a DER revocation list, as fetching one would bring it; a B-T file carries none.
    """
    command = [*JAVA, "-cp", jars("dss"), str(HERE / "DssCheck.java")]
    command += (["--crl", str(revocation)] if revocation else []) + [str(roots)]
    ran = subprocess.run([*command, *files], capture_output=True, env=UTF8, timeout=TIMEOUT, check=True)
    found: dict[Path, SignatureJudgement] = {}
    for line in ran.stdout.decode().splitlines():
        said = json.loads(line)
        signatures, stamps = said.get("signatures", []), said.get("timestamps", [])
        first = signatures[0] if signatures else {}
        errors = [said["error"]] if "error" in said else []
        errors += [error for one in (*signatures, *stamps) for error in one["errors"]]
        judgement = SignatureJudgement(
            first.get("format") or "",
            first.get("indication") or "",
            tuple(errors),
            tuple(warning for one in (*signatures, *stamps) for warning in one["warnings"]),
            tuple(stamp["indication"] for stamp in stamps),
            tuple((one["format"] or "", one["indication"] or "") for one in signatures),
        )
        found[Path(said["file"])] = judgement
    return {file: found[file] for file in files}
