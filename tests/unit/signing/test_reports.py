import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from records.errors import ArchiveFault
from signing.etsi_report import etsi_report
from signing.report_html import report_html
from signing.verdict import Answer, Change, SignatureReport, Verdict, verdict_to_json
from signing.verify import verify_pdf
from tests.cases import sealing
from tests.cases.sealing import World, a_pdf

VR = "{http://uri.etsi.org/19102/v1.2.1#}"
AT = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


def _indications(xml: bytes) -> list[tuple[str, str]]:
    found = []
    for status in ElementTree.fromstring(xml).iter(f"{VR}SignatureValidationStatus"):
        main, sub = status.findtext(f"{VR}MainIndication", ""), status.findtext(f"{VR}SubIndication", "")
        found.append((main.rpartition(":")[2], sub.rpartition(":")[2]))
    return found


def test_a_good_file_passes_with_every_signature(world: World, sealed: Path) -> None:
    verdict = verify_pdf(sealed, world.roots)
    xml = etsi_report(sealed, verdict, AT)
    assert _indications(xml) == [("total-passed", ""), ("total-passed", "")]
    tree = ElementTree.fromstring(xml)
    ranges = [[int(n) for n in (r.text or "").split()] for r in tree.iter(f"{VR}ByteRange")]
    assert ranges == sealing.byte_ranges(sealed.read_bytes())
    objects = {o.get("id") for o in tree.iter(f"{VR}ValidationObject")}
    named = {c.get("VOReference") for c in tree.iter(f"{VR}SignerCertificate")}
    assert named <= objects
    assert all(t.text == "2026-11-26T02:00:00Z" for t in tree.iter(f"{VR}ValidationTime"))


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda d: d.replace(b"/M (D\\0722", b"/M (D\\0723", 1), ("total-failed", "HASH_FAILURE")),
        (sealing.swap_image, ("total-failed", "FORMAT_FAILURE")),
        (sealing.hidden_objects, ("total-failed", "FORMAT_FAILURE")),
        (sealing.more_store, ("indeterminate", "SIG_CONSTRAINTS_FAILURE")),
        (lambda d: d[:-300], ("indeterminate", "GENERIC")),
        (lambda _: b"%PDF-1.7\n" + bytes(2000), ("indeterminate", "GENERIC")),
        (lambda _: b"", ("total-failed", "FORMAT_FAILURE")),
    ],
)
def test_the_report_is_never_greener_than_the_verdict(
    world: World, sealed: Path, tmp_path: Path, harm, expected: tuple[str, str]
) -> None:
    path = tmp_path / "harmed.pdf"
    path.write_bytes(harm(sealed.read_bytes()))
    verdict = verify_pdf(path, world.roots)
    assert verdict.verdict is not Answer.VALID
    told = _indications(etsi_report(path, verdict, AT))
    assert expected in told, (verdict, told)


def test_a_verdict_on_the_structure_falls_on_every_signature(sealed: Path) -> None:
    """pyHanko finds both signatures in order; our strict reader did not, so nothing passes."""
    good = verify_pdf(sealed, [])
    assert {s.verdict for s in good.signatures} == {Answer.INDETERMINATE}
    signatures = tuple(dataclasses.replace(s, verdict=Answer.VALID, reason="ok") for s in good.signatures)
    worse = dataclasses.replace(good, verdict=Answer.INDETERMINATE, reason="malformed", signatures=signatures)
    assert _indications(etsi_report(sealed, worse, AT)) == [("indeterminate", "GENERIC")] * 2


def test_no_report_on_other_bytes_or_on_nothing(world: World, sealed: Path, tmp_path: Path) -> None:
    plain = a_pdf(tmp_path / "p.pdf")
    with pytest.raises(ArchiveFault) as fault:
        etsi_report(plain, verify_pdf(plain, world.roots))
    assert fault.value.code == "not-signed"
    with pytest.raises(ArchiveFault) as fault:
        etsi_report(plain, verify_pdf(sealed, world.roots))
    assert fault.value.code == "report-other-file"


def test_the_page_says_everything_and_loads_nothing(world: World, sealed: Path) -> None:
    verdict = verify_pdf(sealed, world.roots, "Quyết định.pdf")
    page = report_html(verdict, AT)
    for words in (
        "HỢP LỆ",
        verdict.tell,
        verdict.sha256,
        sealing.ORGANISATION,
        "2026-11-26T09:00:00+07:00",
        "DEMO",
    ):
        assert words in page
    seal = verdict.signatures[0]
    assert seal.later_changes
    assert all(change.tell in page and change.code in page for change in seal.later_changes)
    for outside in ("http://", "https://", "<script", "src=", "@import", "url("):
        assert outside not in page


@pytest.mark.parametrize("answer", list(Answer))
def test_words_of_the_file_are_escaped(answer: Answer) -> None:
    evil = '<script>alert("x")</script>'
    change = Change(2, "1 0", "form-value", evil, evil)
    report = SignatureReport(evil, evil, Answer.INVALID, evil, evil, signer=evil, later_changes=(change,))
    page = report_html(Verdict(evil, answer, evil, evil, (report,), evil))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_later_changes_are_in_the_json(world: World, sealed: Path) -> None:
    seal = verdict_to_json(verify_pdf(sealed, world.roots))["signatures"][0]
    assert seal["certified"] is True
    assert {"revision", "object", "code", "where", "tell"} == set(seal["later_changes"][0])
