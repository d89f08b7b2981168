"""Two hundred numbered papers signed in one go through the door: token, time stamps over HTTP, one poisoned among them.

    bench/sign_letters.py [--papers N] [--most SECONDS]

Decisions, notices, dispatches and transfer letters are drawn, handed in and shown; then somebody changes one of them
where it lies. The official starts the batch with what was seen and their PIN stands in its file once. The key is in a
PKCS#11 token (SoftHSM), the time stamps are those of an RFC 3161 authority on loopback. At the end: all signed but the
poisoned one, which says why; each VALID or waiting for nothing but its revocation data, each with its ink in the room
left for it and nowhere else. The seconds told run from the start of the batch to its end.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from signing import demo_pki  # noqa: E402  the path is set one line above
from signing.verify import verify_pdf  # noqa: E402
from tests.cases import stamps  # noqa: E402
from tests.cases.letters import SIGNER, Letter, is_placed, letters  # noqa: E402
from tests.cases.sealing import certified  # noqa: E402
from tests.tools.pki_server import PkiServer  # noqa: E402
from tests.tools.soft_token import MODULE, SoftToken, pem  # noqa: E402
from tests.walk.conftest import Vanthu  # noqa: E402
from tests.walk.test_sign_papers import serve, until_state  # noqa: E402

CORES = os.cpu_count() or 1


def put_on_token(keys: Path, folder: Path) -> None:
    """Put the official's key onto a token and the table of keys beside it."""
    folder.mkdir()
    soft = SoftToken(folder)
    os.environ["SOFTHSM2_CONF"] = str(soft.settings)
    serial = soft.make("LANH DAO")
    key, certificate = certified(keys, SIGNER)
    soft.put_key(serial, key, "a1")
    (keys / "lanh-dao.pem").write_bytes(pem(certificate))
    (keys / "lanh-dao.png").write_bytes(stamps.signature_png())
    (keys / "keys.toml").write_text(
        f'[[key]]\nname = "luu-tru"\nrole = "archive"\nfile = "{demo_pki.SEAL}"\n'
        f'passphrase_file = "{demo_pki.PASSPHRASE}"\n'
        f'[[key]]\nname = "lanh-dao"\nrole = "official"\nholder = "lanhdao"\nmodule = "{MODULE}"\n'
        f'token_label = "LANH DAO"\nkey_id = "a1"\npin_file = "{soft.pins}"\ncertificate = "lanh-dao.pem"\n'
        'image = "lanh-dao.png"\n'
    )


def hand_in(client: httpx.Client, papers: list[Letter]) -> tuple[str, dict[str, str]]:
    """Open a batch and hand the papers in; return it and what was seen of each (its hash)."""
    opened = client.post(
        "/signing-batches", json={"profile": "official", "title": "Đợt đo", "visible": {"system": "party"}}
    )
    opened.raise_for_status()
    batch, seen = str(opened.json()["id"]), {}
    for letter in papers:
        sent = client.post(
            f"/signing-batches/{batch}/papers",
            files={"file": (letter.path.name, letter.path.read_bytes(), "application/pdf")},
            headers={"Idempotency-Key": letter.number},
        )
        sent.raise_for_status()
        seen[str(sent.json()["id"])] = str(sent.json()["sha256"])
    return batch, seen


def poison(data: Path, sha256: str) -> None:
    """Change one letter of a kept paper where it lies: what was seen is not what lies there any more."""
    (path,) = (one for one in (data / "blobs").rglob("*") if one.is_file() and sha256 in one.name)
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def look(letter: Letter, signed: Path, roots: Path) -> tuple[bool, str]:
    """Whether a signed paper has its ink in its room, and the verdict on it."""
    verdict = verify_pdf(signed, [roots], look=False)
    return is_placed(letter, signed), f"{verdict.verdict} {verdict.reason}"


def judge(client: httpx.Client, batch: str, papers: list[Letter], roots: Path, folder: Path) -> None:
    """Demand that all but the poisoned one are signed, and each in its place."""
    by_name = {letter.path.name: letter for letter in papers}
    jobs, refused = [], []
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        for after in range(0, len(papers), 100):
            page = {"limit": 100, "after": after}
            for paper in client.get(f"/signing-batches/{batch}/papers", params=page).json():
                if paper["state"] != "signed":
                    refused.append(f"{paper['name']}: {paper['code']}: {paper['tell']}")
                    continue
                out = folder / f"signed-{paper['name']}"
                answer = client.get(f"/signing-batches/{batch}/papers/{paper['id']}/pdf")
                out.write_bytes(answer.raise_for_status().content)
                jobs.append(pool.submit(look, by_name[paper["name"]], out, roots))
        said = [job.result() for job in jobs]
    misplaced = sum(not placed for placed, _ in said)
    verdicts = {one: sum(told == one for _, told in said) for one in sorted({told for _, told in said})}
    print(f"signed {len(said)}, misplaced stamps {misplaced}, verdicts {json.dumps(verdicts)}")
    print("not signed: " + "; ".join(refused))
    if (len(said), len(refused), misplaced) != (len(papers) - 1, 1, 0):
        raise SystemExit("not all but one were signed, each in its place")


def main() -> None:
    """Read the words and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=200)
    parser.add_argument("--most", type=float, default=60.0)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="vanthu-bench-letters-") as name,
        PkiServer(Path(name) / "pki") as pki,
    ):
        folder = Path(name)
        house = Vanthu(folder / "data")
        if house("init").code != 0:
            raise SystemExit("the house could not be set up")
        keys, drawn = house.data / "keys", folder / "drawn"
        put_on_token(keys, folder / "soft")
        roots = keys / demo_pki.ROOTS
        roots.write_bytes(roots.read_bytes() + pki.roots.read_bytes() + pki.pem_lists())
        os.environ["VANTHU_TSA_URL"] = pki.tsa_url
        drawn.mkdir()
        with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
            runs = [range(first, given.papers + 1, CORES) for first in range(1, CORES + 1)]
            papers = [one for made in pool.map(letters, [drawn] * CORES, runs) for one in made]
        running = serve(house)
        try:
            client = running.client("lanhdao")
            batch, seen = hand_in(client, papers)
            poison(house.data, list(seen.values())[len(seen) // 2])
            began = time.perf_counter()
            client.post(f"/signing-batches/{batch}/start", json={"seen": seen}).raise_for_status()
            until_state(client, batch, "finished", seconds=600)
            took = time.perf_counter() - began
            print(f"{given.papers} papers, one poisoned, SoftHSM, time stamps on loopback, {CORES} cores, "
                  f"Python {platform.python_version()}, {date.today()}")  # fmt: skip
            print(f"from start to end {took:.1f} s, {given.papers / took:.1f} papers/s")
            judge(client, batch, papers, roots, folder)
        finally:
            running.stop()
    if took > given.most:
        raise SystemExit(f"{took:.1f} s, more than {given.most:.0f}")


if __name__ == "__main__":
    main()
