"""Ten numbered papers under one PIN, one changed after it was seen: nine signed in their places, one told why."""

import hashlib
from pathlib import Path

import pytest

from procedures.sign_papers import Order, SignTools, sign_paper
from records.units import System
from signing.keys import load_keys
from signing.seal import Sealed, SigningService
from signing.timestamps import HttpTimeStamps
from signing.trust import load_trust
from signing.verify import verify_pdf
from signing.wish import Wish, wish_of
from storage.blobs import open_blobs
from storage.signing_values import BatchStage, NewPaper, NewSigningBatch, PaperStage
from storage.work import Work
from tests.cases import stamps
from tests.cases.database import migrated
from tests.cases.letters import SIGNER, is_placed, letters
from tests.cases.sealing import at_home, certified
from tests.tools.pki_server import PkiServer
from tests.tools.soft_token import MODULE, SoftToken, pem

pytestmark = pytest.mark.joined
COUNT, POISONED = 10, 4


def test_nine_of_ten(pki: PkiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = at_home(tmp_path / "keys")
    soft = SoftToken(tmp_path / "soft")
    monkeypatch.setenv("SOFTHSM2_CONF", str(soft.settings))
    serial = soft.make("LANH DAO")
    key, certificate = certified(world.folder, SIGNER)
    soft.put_key(serial, key, "a1")
    (world.folder / "lanh-dao.pem").write_bytes(pem(certificate))
    (world.folder / "lanh-dao.png").write_bytes(stamps.signature_png())
    (world.folder / "keys.toml").write_text(
        f'[[key]]\nname = "lanh-dao"\nrole = "official"\nholder = "an"\nmodule = "{MODULE}"\n'
        f'token_label = "LANH DAO"\nkey_id = "a1"\npin_file = "{soft.pins}"\ncertificate = "lanh-dao.pem"\n'
        'image = "lanh-dao.png"\n'
        '[[key]]\nname = "luu-tru"\nrole = "archive"\nfile = "archive.p12"\npassphrase_file = "passphrase"\n'
    )
    roots = tmp_path / "authority.pem"
    roots.write_bytes(pki.roots.read_bytes() + pki.pem_lists())
    trust = [*world.roots, roots]
    tsa = HttpTimeStamps(pki.tsa_url, world.clock, 30, 0.1, trust=load_trust([roots]))
    service = SigningService(load_keys(world.folder), tsa, world.clock, trust)

    def sign(source: Path, out: Path, paper_id: str, order: Order) -> Sealed:
        wish = wish_of(dict(order.options))
        return service.seal(source, out, order.profile, order.key, paper_id, visible=wish)

    tables = migrated(tmp_path / "vanthu.db")
    work = Work(tables, world.clock)
    tools = SignTools(work, open_blobs(f"file://{tmp_path / 'blobs'}"), world.clock, sign, tmp_path / "work")
    with work.begin() as tx:
        options = Wish(System.PARTY).words()
        batch = tx.signings.open_batch(NewSigningBatch("Đợt", "official", "lanh-dao", "", "acc", options)).id
    (tmp_path / "drawn").mkdir()
    drawn = letters(tmp_path / "drawn", range(1, COUNT + 1))
    for letter in drawn:
        sha256 = hashlib.sha256(letter.path.read_bytes()).hexdigest()
        tools.blobs.put_once(f"received/{sha256}.pdf", letter.path, sha256)
        with work.begin() as tx:
            new = NewPaper(
                letter.path.name, f"received/{sha256}.pdf", sha256, letter.path.stat().st_size, letter.number
            )
            tx.signings.add_paper(batch, new)
    with work.begin() as tx:
        tx.signings.start(batch)
        papers = tx.signings.papers(batch)
    kept = tmp_path / "blobs" / papers[POISONED].source_key
    kept.chmod(0o600)
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    for paper in papers:
        assert sign_paper(tools, paper.id) is None
    with work.reading() as tx:
        ended = tx.signings.papers(batch)
        assert tx.signings.batch(batch).state is BatchStage.FINISHED
    refused = [paper for paper in ended if paper.state is PaperStage.REFUSED]
    assert [paper.ordinal for paper in refused] == [papers[POISONED].ordinal]
    assert refused[0].code.startswith("blob-") and refused[0].tell
    for letter, paper in zip(drawn, ended, strict=True):
        if paper.signature is None:
            continue
        out = tmp_path / f"signed-{paper.name}"
        tools.blobs.copy_out(paper.signature.key, out, paper.signature.sha256)
        assert is_placed(letter, out), paper.name
        report = verify_pdf(out, trust, look=False).signatures[0]
        # a stranger has no revocation list of a B-T file: that alone is missing
        assert (report.intact, report.reason, report.time_source) == (
            True,
            "no-revocation-data",
            "time-stamp",
        )
    tables.dispose()
