"""Measure signing: files a second beside `pyhanko sign` and plain pyHanko, what each level costs, how long a check is.

    bench/sign.py [--files N]

One run, the ways in turn on the same one-page files, so only the ratios count. Plain pyHanko is `SimpleSigner` in one
process, as its documentation shows it; `pyhanko sign` is the command, one file a call (pip install pyhanko-cli, left
out when it is not there). Ours are as many processes as cores, with the key parsed once. B-B is the signature alone,
since the service itself makes B-T at least and checks each file as a stranger before it hands it out: told beside it.
"""

import argparse
import asyncio
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: E402
from pyhanko.sign import signers  # noqa: E402
from pyhanko.sign.fields import SigSeedSubFilter  # noqa: E402

from records.clock import SystemClock  # noqa: E402
from signing import demo_pki  # noqa: E402
from signing.keys import KeyRing, load_demo_keys, load_keys  # noqa: E402
from signing.seal import SigningService  # noqa: E402
from signing.timestamps import DemoTimeStamps, HttpTimeStamps  # noqa: E402
from signing.trust import load_trust  # noqa: E402
from signing.verify import verify_pdf  # noqa: E402
from tests.cases.office import an_office  # noqa: E402
from tests.cases.sealing import a_pdf, a_world, certified  # noqa: E402
from tests.tools.pki_server import PkiServer  # noqa: E402
from tests.tools.soft_token import MODULE, SoftToken, pem  # noqa: E402

META = {"field_name": "NguoiKy", "md_algorithm": "sha256", "subfilter": SigSeedSubFilter.PADES}
CORES = os.cpu_count() or 1
LEVELS = ("T", "LT", "LTA")


@lru_cache(maxsize=4)
def _ours(keys: str) -> tuple[KeyRing, signers.PdfSigner]:
    ring = load_demo_keys(Path(keys))
    return ring, signers.PdfSigner(signers.PdfSignatureMetadata(**META), ring.get().signer)


def ours_bb(keys: str, source: str, out: str) -> None:
    """Sign at B-B with the house's signer: the key parsed once a process."""
    _, signer = _ours(keys)
    with Path(source).open("rb") as given, Path(out).open("wb") as made:
        asyncio.run(signer.async_sign_pdf(IncrementalPdfFileWriter(given), output=made))


@lru_cache(maxsize=8)
def _service(keys: str, tsa: str, roots: str) -> SigningService:
    clock = SystemClock()
    stamps = (
        HttpTimeStamps(tsa, clock, 30, 0.1, trust=load_trust([Path(roots)]))
        if tsa
        else DemoTimeStamps(Path(keys), clock)
    )
    trust = [Path(keys) / demo_pki.ROOTS, *([Path(roots)] if roots else [])]
    return SigningService(load_keys(Path(keys)), stamps, clock, trust)


def through_service(keys: str, source: str, out: str, level: str, tsa: str = "", roots: str = "") -> None:
    """Sign with the whole service: time stamp, evidence, own check. B-LT is an official's, archives end at B-LTA."""
    profile, key = ("official", "demo-official") if level == "LT" else ("archive", None)
    _service(keys, tsa, roots).seal(Path(source), Path(out), profile, key, level=f"PAdES-BASELINE-{level}")


def plain(keys: Path, files: Sequence[Path], out: Path) -> None:
    """Sign at B-B with plain pyHanko in this process."""
    signer = signers.SimpleSigner.load_pkcs12(
        keys / demo_pki.SEAL, passphrase=(keys / demo_pki.PASSPHRASE).read_bytes().strip()
    )
    assert signer is not None
    for file in files:
        with file.open("rb") as given, (out / file.name).open("wb") as made:
            signers.sign_pdf(
                IncrementalPdfFileWriter(given), signers.PdfSignatureMetadata(**META), signer, output=made
            )


def command(keys: Path, files: Sequence[Path], out: Path) -> None:
    """Sign with `pyhanko sign`, one call a file."""
    for file in files:
        subprocess.run(
            [sys.executable, "-m", "pyhanko", "sign", "addsig", "--use-pades", "--field", "NguoiKy", "pkcs12",
             "--passfile", keys / demo_pki.PASSPHRASE, file, out / file.name, keys / demo_pki.SEAL],
            check=True, capture_output=True,
        )  # fmt: skip


def rate(what: str, count: int, work: Callable[[], None], base: float = 0.0) -> float:
    """Run, print and return files a second."""
    began = time.perf_counter()
    work()
    found = count / (time.perf_counter() - began)
    told = f"{found / base:8.1f}" if base else f"{'':8}"
    print(f"{what:64} {found:8.1f} {told}", flush=True)
    return found


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=200)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-sign-") as name:
        folder = Path(name)
        world = a_world(folder / "keys")
        model = a_pdf(folder / "model.pdf")
        files = []
        for number in range(count):
            files.append(folder / f"in-{number}.pdf")
            shutil.copyfile(model, files[-1])
        print(
            f"\n{count} files of one page, {CORES} cores, Python {platform.python_version()}, {date.today()}"
        )
        print(f"{'way':64} {'files/s':>8} {'ratio':>8}")
        outs = {way: folder / way for way in ("command", "plain", "ours", "t", "lt", "lta", "http", "token")}
        for out in outs.values():
            out.mkdir()
        few = files[: max(5, count // 20)]
        base = rate(
            "plain pyHanko SimpleSigner, one process, B-B",
            count,
            lambda: plain(world.folder, files, outs["plain"]),
        )
        if _has_command():
            called = lambda: command(world.folder, few, outs["command"])  # noqa: E731
            rate("pyhanko sign, one call a file, B-B", len(few), called, base)
        else:
            print("pyhanko sign: pyhanko-cli is not installed here")
        keys = str(world.folder)
        with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:

            def spread(
                work: Callable[..., None], out: Path, *more: str, some: Sequence[Path] = files
            ) -> None:
                jobs = [pool.submit(work, keys, str(file), str(out / file.name), *more) for file in some]
                for job in jobs:
                    job.result()

            spread(ours_bb, outs["ours"], some=few)  # the processes start, the key is read
            spread(through_service, outs["t"], "T", some=few)
            rate(
                f"ours, {CORES} processes, key parsed once, B-B",
                count,
                lambda: spread(ours_bb, outs["ours"]),
                base,
            )
            for level, way in (("T", "t"), ("LT", "lt"), ("LTA", "lta")):
                rate(f"the service, demo time stamps, B-{level}, checked", count,
                     lambda way=way, level=level: spread(through_service, outs[way], level), base)  # fmt: skip
            with PkiServer(folder / "pki") as pki:
                told = (pki.tsa_url, str(pki.roots))
                half = files[: count // 2]
                _note_lists(world.folder, pki)
                for level in LEVELS:
                    rate(
                        f"the service, RFC 3161 over HTTP on loopback, B-{level}, checked",
                        len(half),
                        lambda level=level: spread(through_service, outs["http"], level, *told, some=half),
                        base,
                    )
            _token(world.folder, folder / "soft")
            half = files[: count // 2]
            spread(through_service, outs["token"], "T", some=few)
            for level in LEVELS:
                rate(
                    f"the service, SoftHSM, demo time stamps, B-{level}, checked",
                    len(half),
                    lambda level=level: spread(through_service, outs["token"], level, some=half),
                    base,
                )
        _checks(folder)


def _checks(folder: Path) -> None:
    """Print how long the check of a file with three signatures takes, drawing included."""
    office = an_office(a_world(folder / "office"))
    one, two, paper = folder / "1.pdf", folder / "2.pdf", folder / "paper.pdf"
    office.service.seal(a_pdf(folder / "in.pdf"), one, "official", "chu-tich", "vb")
    office.service.seal(one, two, "official", "pho", "vb")
    office.service.seal(two, paper, "seal", "con-dau", "vb")
    for look in (False, True):
        took = []
        for _ in range(40):
            began = time.perf_counter()
            verdict = verify_pdf(paper, office.world.roots, look=look)
            took.append(time.perf_counter() - began)
        cut = statistics.quantiles(took, n=20)
        what = "drawn by two engines" if look else "without drawing"
        print(
            f"check of two officials, seal and archive stamp, {what}: "
            f"median {statistics.median(took) * 1000:.0f} ms, p95 {cut[18] * 1000:.0f} ms ({verdict.verdict})"
        )


def _note_lists(keys: Path, pki: PkiServer) -> None:
    """Let the service find the state of the authority's certificates without asking: their lists beside the root."""
    lists = pki.pem_lists()
    pki.roots.write_bytes(pki.roots.read_bytes() + lists)


def _token(keys: Path, folder: Path) -> None:
    """Put an archive key and an official's onto a token and into a table of keys; who loads them again finds them."""
    soft = SoftToken(folder)
    folder.mkdir()
    os.environ["SOFTHSM2_CONF"] = str(soft.settings)
    serial = soft.make("bench")
    table = []
    for key_id, name, role in (("a1", "archive", "archive"), ("a2", "demo-official", "official")):
        key, certificate = certified(keys, f"Khoa {name} tren token")
        soft.put_key(serial, key, key_id)
        (keys / f"{name}.pem").write_bytes(pem(certificate))
        table.append(
            f'[[key]]\nname = "{name}"\nrole = "{role}"\nmodule = "{MODULE}"\ntoken_label = "bench"\n'
            f'key_id = "{key_id}"\npin_file = "{soft.pins}"\ncertificate = "{name}.pem"\n'
        )
    (keys / "keys.toml").write_text("\n".join(table))


def _has_command() -> bool:
    return subprocess.run([sys.executable, "-m", "pyhanko", "--version"], capture_output=True).returncode == 0


if __name__ == "__main__":
    main()
