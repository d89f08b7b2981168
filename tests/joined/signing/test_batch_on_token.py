"""A batch under a key on a token that is pulled out half-way: what is signed stays, the rest waits, none twice."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from procedures.sign_papers import Order, SignTools, sign_paper
from signing.keys import load_keys
from signing.seal import Sealed, SigningService
from signing.verdict import Answer
from signing.verify import verify_pdf
from storage.blobs import open_blobs
from storage.signing_values import BatchStage, NewPaper, NewSigningBatch, PaperStage
from storage.work import Work
from tests.cases.database import migrated
from tests.cases.sealing import a_pdf, at_home, certified
from tests.tools.soft_token import MODULE, SoftToken, pem

pytestmark = pytest.mark.joined

COUNT, PULLED_AFTER = 20, 8


def test_pulled_out_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = at_home(tmp_path / "keys")
    soft = SoftToken(tmp_path / "soft")
    monkeypatch.setenv("SOFTHSM2_CONF", str(soft.settings))
    serial = soft.make("CON DAU")
    key, certificate = certified(world.folder, "UBND xã Phú Hội")
    soft.put_key(serial, key, "b7")
    (world.folder / "con-dau.pem").write_bytes(pem(certificate))
    (world.folder / "keys.toml").write_text(
        f'[[key]]\nname = "con-dau"\nrole = "seal"\nmodule = "{MODULE}"\ntoken_label = "CON DAU"\nkey_id = "b7"\n'
        f'pin_file = "{soft.pins}"\ncertificate = "con-dau.pem"\n'
        '[[key]]\nname = "luu-tru"\nrole = "archive"\nfile = "archive.p12"\npassphrase_file = "passphrase"\n'
    )
    service = SigningService(load_keys(world.folder), world.tsa, world.clock, world.roots)
    made: Counter[str] = Counter()

    def sign(source: Path, out: Path, paper_id: str, order: Order) -> Sealed:
        sealed = service.seal(source, out, order.profile, order.key, paper_id, level=order.level or None)
        made[paper_id] += 1
        return sealed

    tables = migrated(tmp_path / "vanthu.db")
    work = Work(tables, world.clock)
    tools = SignTools(work, open_blobs(f"file://{tmp_path / 'blobs'}"), world.clock, sign, tmp_path / "work")
    with work.begin() as tx:
        level = "PAdES-BASELINE-T"
        batch = tx.signings.open_batch(NewSigningBatch("Đợt", "copy", "con-dau", level, "acc")).id
    for number in range(COUNT):
        path = a_pdf(tmp_path / f"{number}.pdf", words=f"Van ban {number}")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        tools.blobs.put_once(f"received/{sha256}.pdf", path, sha256)
        with work.begin() as tx:
            new = NewPaper(path.name, f"received/{sha256}.pdf", sha256, path.stat().st_size, str(number))
            tx.signings.add_paper(batch, new)
    with work.begin() as tx:
        tx.signings.start(batch)
        ids = tx.signings.waiting(batch)
    for paper_id in ids[:PULLED_AFTER]:
        assert sign_paper(tools, paper_id) is None
    soft.pull_out()
    for paper_id in ids[PULLED_AFTER:]:
        waits = sign_paper(tools, paper_id)
        assert waits is not None and waits.code == "token-away"
    with work.reading() as tx:
        assert tx.signings.counts(batch) == {"signed": PULLED_AFTER, "waiting": COUNT - PULLED_AFTER}
        held = tx.signings.batch(batch)
    assert held.state is BatchStage.HELD and "cắm lại thiết bị" in held.message
    soft.plug_in()
    for paper_id in ids:  # the run begins anew
        assert sign_paper(tools, paper_id) is None
    assert made == Counter(dict.fromkeys(ids, 1))
    with work.reading() as tx:
        papers = tx.signings.papers(batch)
        assert tx.signings.batch(batch).state is BatchStage.FINISHED
    for paper in papers:
        assert paper.state is PaperStage.SIGNED and paper.signature is not None
        out = tmp_path / "out.pdf"
        tools.blobs.copy_out(paper.signature.key, out, paper.signature.sha256)
        verdict = verify_pdf(out, world.roots)
        # a stranger has no revocation list of a B-T file: that alone is missing
        assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "no-revocation-data")
        assert verdict.signatures[0].intact and verdict.signatures[0].time_source == "time-stamp"
        out.unlink()
    tables.dispose()
