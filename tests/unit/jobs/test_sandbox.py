"""A child that reads foreign bytes reaches nothing but its room; without a sandbox it reads nothing."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.word_convert import word_to_pdf
from jobs.children import ChildPools, Limits, default_limits
from jobs.sandbox import Room
from tests.cases.word_files import a_word_file, demand_converter

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an input, a place for work, and what no child may have."""
    base = tmp_path_factory.mktemp("house")
    for name in ("in", "work", "temp", "keys"):
        (base / name).mkdir()
    (base / "in" / "page.txt").write_text("một trang")
    (base / "keys" / "seal.p12").write_text("secret")
    return base


@pytest.fixture(scope="module")
def pools(base: Path) -> Iterator[ChildPools]:
    room = Room((base / "in", HERE, ROOT / "tests"), (base / "work",), base / "temp")
    limits = Limits(workers=1, memory=1024 * MIB)
    pools = ChildPools({"parse": limits, "sign": limits}, room)
    yield pools
    pools.stop()


def answer(work: Callable[[], object]) -> str:
    try:
        return f"done {work()!r}"
    except OSError as fault:
        return type(fault).__name__


def look(path: str) -> str:
    return answer(lambda: Path(path).read_text())


def write(path: str) -> str:
    return answer(lambda: Path(path).write_text("x"))


def move(old: str, new: str) -> str:
    return answer(lambda: os.replace(old, new))


def listing(path: str) -> str:
    return answer(lambda: os.listdir(path))


def reach(family: int, kind: int, where: object) -> str:
    def go() -> None:
        with socket.socket(family, kind) as one:
            one.connect(where)

    return answer(go)


def kill(pid: int) -> str:
    return answer(lambda: os.kill(pid, signal.SIGTERM))


def run(*program: str) -> tuple[int, str]:
    done = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def temp_file() -> str:
    with tempfile.NamedTemporaryFile(delete=False) as out:
        out.write(b"x")
    return out.name


def unshare() -> str:
    libc = __import__("ctypes").CDLL(None, use_errno=True)
    return "done" if libc.unshare(0x10000000) == 0 else os.strerror(__import__("ctypes").get_errno())


def test_it_reads_its_input_and_works_in_its_folder(pools: ChildPools, base: Path) -> None:
    assert pools.run("parse", 30, look, f"{base}/in/page.txt") == "done 'một trang'"
    assert pools.run("parse", 30, write, f"{base}/work/out.part") == "done 1"
    assert pools.run("parse", 30, move, f"{base}/work/out.part", f"{base}/work/out") == "done None"


@pytest.mark.parametrize("path", ["keys/seal.p12", "keys"])
def test_it_opens_nothing_else(pools: ChildPools, base: Path, path: str) -> None:
    asked = listing if path == "keys" else look
    assert pools.run("parse", 30, asked, f"{base}/{path}") == "PermissionError"


def test_a_link_leads_nowhere(pools: ChildPools, base: Path) -> None:
    link = base / "work" / "link"
    link.symlink_to(base / "keys" / "seal.p12")
    assert pools.run("parse", 30, look, str(link)) == "PermissionError"


@pytest.mark.parametrize("path", ["in/page.txt", "in/new", "keys/seal.p12", "new"])
def test_it_writes_nowhere_else(pools: ChildPools, base: Path, path: str) -> None:
    before = sorted(base.rglob("*.*"))
    assert pools.run("parse", 30, write, f"{base}/{path}") == "PermissionError"
    assert sorted(base.rglob("*.*")) == before and (base / "keys" / "seal.p12").read_text() == "secret"


@pytest.mark.parametrize("path", [str(ROOT / "jobs" / "children.py"), "/usr/bin/new", "/etc/passwd"])
def test_it_changes_neither_code_nor_system(pools: ChildPools, path: str) -> None:
    assert pools.run("parse", 30, write, path) == "PermissionError"


@pytest.mark.parametrize(
    "path", ["/etc/shadow", f"/proc/{os.getppid()}/environ", f"/proc/{os.getppid()}/mem"]
)
def test_it_sees_no_secrets_of_the_machine(pools: ChildPools, path: str) -> None:
    assert pools.run("parse", 30, look, path) == "PermissionError"


def test_it_reaches_no_network_and_no_neighbour(pools: ChildPools, base: Path) -> None:
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as neighbour:
        server.bind(("127.0.0.1", 0))
        server.listen()
        neighbour.bind(str(base / "work" / "door"))
        neighbour.listen()
        at = server.getsockname()
        assert pools.run("parse", 30, reach, socket.AF_INET, socket.SOCK_STREAM, at) == "PermissionError"
        assert pools.run("parse", 30, reach, socket.AF_INET, socket.SOCK_DGRAM, at) == "PermissionError"
        door = f"{base}/work/door"
        assert pools.run("parse", 30, reach, socket.AF_UNIX, socket.SOCK_STREAM, door) == "PermissionError"
        # the child that signs has the time stamp server to ask
        assert pools.run("sign", 30, reach, socket.AF_INET, socket.SOCK_STREAM, at) == "done None"


def test_it_harms_no_other_process_and_makes_no_namespace(pools: ChildPools) -> None:
    assert pools.run("parse", 30, kill, os.getpid()) == "PermissionError"
    assert pools.run("parse", 30, unshare) == "Operation not permitted"


def test_the_programs_it_starts_are_shut_in_too(pools: ChildPools, base: Path) -> None:
    assert pools.run("parse", 30, run, "cat", f"{base}/in/page.txt") == (0, "một trang")
    code, said = pools.run("parse", 30, run, "cat", f"{base}/keys/seal.p12")
    assert code == 1 and "Permission denied" in said
    code, said = pools.run("parse", 30, run, "unshare", "-r", "true")
    assert code != 0 and "not permitted" in said


def test_its_temporary_files_are_its_own(pools: ChildPools, base: Path) -> None:
    made = Path(pools.run("parse", 30, temp_file))
    assert made.parent.parent == base / "temp" and made.exists()
    assert pools.run("parse", 30, write, f"{base}/temp/other") == "PermissionError"


def test_an_office_file_is_converted_in_its_room(base: Path) -> None:
    demand_converter()
    source = a_word_file(base / "work" / "a.docx")
    room = Room((HERE, ROOT / "tests"), (base / "work",), base / "temp", meeting=(Path("/tmp"),))
    pools = ChildPools({"convert": default_limits(1)["convert"]}, room)
    try:
        pools.run("convert", 150, word_to_pdf, source, base / "work" / "a.pdf", "a.docx")
        assert (base / "work" / "a.pdf").read_bytes().startswith(b"%PDF")
        assert pools.run("convert", 30, write, "/tmp/vanthu-new") == "PermissionError"
    finally:
        pools.stop()


@pytest.mark.parametrize("missing", ["landlock_create_ruleset", "landlock_restrict_self"])
def test_without_a_sandbox_it_does_nothing_and_says_so(missing: str, base: Path) -> None:
    code = textwrap.dedent(
        f"""
        import errno, sys
        from pathlib import Path
        from pyseccomp import ALLOW, ERRNO, SyscallFilter
        from jobs.children import ChildPools, Limits
        from jobs.sandbox import Room
        from records.errors import ToolMissing
        if __name__ == "__main__":
            rules = SyscallFilter(ALLOW)  # a kernel that has no Landlock
            rules.add_rule(ERRNO(errno.EOPNOTSUPP), "{missing}")
            rules.load()
            base = Path(sys.argv[1])
            room = Room((), (base / "work",), base / "temp")
            pools = ChildPools({{"parse": Limits(workers=1, memory=1 << 30)}}, room)
            for _ in range(2):
                try:
                    pools.run("parse", 30, Path.write_text, base / "work" / "{missing}", "x")
                except ToolMissing as fault:
                    print(fault.code, fault.tell)
            pools.stop()
            pools = ChildPools({{"parse": Limits(workers=1, memory=1 << 30)}})  # knowingly without
            print(pools.run("parse", 30, abs, -1))
            pools.stop()
        """
    )
    script = base / f"{missing}.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script, base],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and lines[2] == "1", done.stderr
    assert lines[0] == lines[1] and lines[0].startswith("no-sandbox ") and "VANTHU_SANDBOX=limits" in lines[0]
    assert not (base / "work" / missing).exists()
