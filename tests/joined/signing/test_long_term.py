"""Plain pyHanko signing with our evidence and our time: the levels EU DSS names, with nothing fetched by it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from records.clock import SystemClock
from signing.fetching import Door, apart, places_of
from signing.keys import CachedKeySigner, _store
from signing.revocation import RevocationWindow
from signing.time_tokens import stamped_by, tokens_in
from signing.timestamps import HttpTimeStamps
from signing.trust import load_trust
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import a_pdf
from tests.tools import validators
from tests.tools.pki_server import PkiServer

pytestmark = [pytest.mark.joined, pytest.mark.validators]


def sign(pki: PkiServer, out: Path, *, evidence: bool, archive: bool) -> Path:
    """Sign as the service will: usable? -> signature with time -> evidence on signer and authority -> time stamp."""
    trust, clock = load_trust([pki.roots]), SystemClock()
    tsa = HttpTimeStamps(pki.tsa_url, clock, 20, 0.1, trust=trust)
    window = RevocationWindow(trust, Door(places_of([f"{pki.url}/pki/"])))
    leaf, between = pki.certificate("official"), [pki.certificate("ca")]
    window.check_usable(leaf, between, clock.now())
    signer = CachedKeySigner(pki.key("official"), leaf, _store(between))
    a_pdf(out)

    async def work() -> None:
        with out.open("r+b") as file:
            meta = PdfSignatureMetadata(
                field_name="NguoiKy", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
            )
            spec = SigFieldSpec("NguoiKy", invis_sig_settings=InvisSigSettings())
            pdf = IncrementalPdfFileWriter(file)
            await PdfSigner(meta, signer, timestamper=tsa, new_field_spec=spec).async_sign_pdf(
                pdf, in_place=True
            )
            if not evidence:
                return
            (token,) = tokens_in(PdfFileReader(file).embedded_regular_signatures[0].pkcs7_content)
            authority, more = stamped_by(token)
            found = window.evidence([leaf, authority], [*between, *more], clock.now())
            revision = IncrementalPdfFileWriter(file)
            DocumentSecurityStore.supply_dss_in_writer(
                revision, None, certs=found.certificates, ocsps=found.answers, crls=found.lists
            )
            revision.write_in_place()
            if archive:
                await PdfTimeStamper(tsa, field_name="DauThoiGian").async_timestamp_pdf(
                    IncrementalPdfFileWriter(file), "sha256", in_place=True
                )

    apart(work)
    return out


@pytest.mark.parametrize("ocsp", ["good", "down"])
def test_eu_dss_names_the_levels(pki: PkiServer, tmp_path: Path, ocsp: str) -> None:
    pki.manners.ocsp = ocsp
    files = {
        "PAdES-BASELINE-T": sign(pki, tmp_path / "t.pdf", evidence=False, archive=False),
        "PAdES-BASELINE-LT": sign(pki, tmp_path / "lt.pdf", evidence=True, archive=False),
        "PAdES-BASELINE-LTA": sign(pki, tmp_path / "lta.pdf", evidence=True, archive=True),
    }
    pki.forget()
    found = validators.dss(list(files.values()), pki.roots)
    assert pki.calls("pki") == 0
    for level, file in files.items():
        said = found[file]
        assert said.level == level, said
        if level != "PAdES-BASELINE-T":
            assert said.indication == "TOTAL_PASSED", said
            assert said.errors == (), said
            assert set(said.timestamps) == {"PASSED"}, said


def test_we_agree_years_after_the_certificates_have_ended(pki: PkiServer, tmp_path: Path) -> None:
    file = sign(pki, tmp_path / "lta.pdf", evidence=True, archive=True)
    said = verify_pdf(file, [pki.roots])
    assert (said.verdict, said.level) == (Answer.VALID, "PAdES-BASELINE-LTA"), said
    later = datetime.now(UTC) + timedelta(days=1000)  # the signer's ended after 700, the authority's has not
    assert verify_pdf(file, [pki.roots], at=later).verdict is Answer.VALID
