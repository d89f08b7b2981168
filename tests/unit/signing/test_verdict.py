import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signing import verdict as words
from signing.verdict import Answer, Finding, sentence, verdict_to_json, worst
from signing.verify import verify_pdf
from tests.cases.sealing import World


def test_the_worst_finding_decides() -> None:
    findings = [
        Finding(Answer.VALID, "ok"),
        Finding(Answer.VALID_LATER_CHANGES, "later-changes"),
        Finding(Answer.INDETERMINATE, "expired"),
        Finding(Answer.INVALID, "hash-mismatch"),
        Finding(Answer.INVALID, "revoked"),
    ]
    for count in range(1, 5):
        assert worst(findings[:count]) is findings[count - 1]
    assert worst(findings) is findings[3]


def test_json_holds_the_contract(world: World, sealed: Path) -> None:
    data = json.loads(json.dumps(verdict_to_json(verify_pdf(sealed, world.roots, "tên.pdf"))))
    assert {"file", "verdict", "reason", "signatures"} <= set(data)
    assert (data["file"], data["verdict"], data["level"]) == ("tên.pdf", "VALID", "PAdES-BASELINE-LTA")
    for signature in data["signatures"]:
        assert signature["signed_at"].endswith("+07:00")
        assert signature["valid_to"].endswith("+07:00")
        assert signature["demo"] is True
        assert signature["verdict"] == "VALID"


def test_json_without_signatures(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"")
    data = verdict_to_json(verify_pdf(tmp_path / "x.pdf", []))
    assert (data["verdict"], data["signatures"], data["level"]) == ("INVALID", [], "")


CODES = sorted(
    set(
        re.findall(
            r"(?:INVALID|INDETERMINATE|VALID_LATER_CHANGES|UNSIGNED|VALID), \"([a-z-]+)\"",
            "".join(p.read_text() for p in Path(words.__file__).parent.glob("*.py")),
        )
    )
)


@pytest.mark.parametrize("code", CODES)
def test_every_reason_code_in_the_package_has_a_vietnamese_sentence(code: str) -> None:
    assert len(CODES) > 20
    assert code in words._SENTENCES
    for detail in ("", "trang 3", "{braces}"):
        text = sentence(Finding(Answer.INVALID, code, detail))
        assert text.endswith(".")
        assert "{detail}" not in text


def test_an_unknown_code_still_speaks() -> None:
    assert sentence(Finding(Answer.INDETERMINATE, "never-heard")) == words._SENTENCES["error"]


def test_a_moment_is_told_in_vietnamese_time() -> None:
    assert words._plain(datetime(2025, 7, 9, 1, 30, tzinfo=UTC)) == "2025-07-09T08:30:00+07:00"
