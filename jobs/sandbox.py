"""What a child that reads foreign bytes gives up for good: the network, other people's files, and asking for more.

Landlock decides which files it may open, a seccomp filter which questions the kernel answers; both stay with the child
and with every program it starts. Neither needs the rights of an administrator, so they work in a container too
(docs/decisions/0174). Where the kernel has them not, the child does nothing at all.
"""

import errno
import os
import resource
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import ToolMissing

if TYPE_CHECKING:  # only a child loads them
    from pyseccomp import SyscallFilter

_PROGRAMS = ("/usr", "/bin", "/lib", "/lib64")
_SYSTEM = (
    *("/proc", "/sys/devices/system", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
    *(
        "/etc/fonts",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/timezone",
        "/etc/locale.alias",
        "/etc/nsswitch.conf",
        "/etc/passwd",
    ),
    *(
        "/etc/group",
        "/etc/alternatives",
        "/etc/libreoffice",
        "/etc/mime.types",
        "/etc/papersize",
        "/etc/ssl/openssl.cnf",
    ),
    *("/var/cache/fontconfig", "/var/lib/libreoffice", "/var/spool/libreoffice"),
)
"""What libraries and programs look at. /proc also shows other processes; what is secret there (memory, environment)
Landlock refuses by itself.
"""

_PROCESSES = 4096
"""How many processes and threads the child's user may have before it can start no more."""

_REFUSED = (
    # other processes
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"),
    # other views of the machine
    *(
        "mount",
        "umount2",
        "move_mount",
        "fsopen",
        "fsmount",
        "open_tree",
        "pivot_root",
        "chroot",
        "unshare",
        "setns",
    ),
    *("open_by_handle_at", "quotactl", "swapon", "swapoff", "acct"),
    # the larger doors of the kernel
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "keyctl", "add_key", "request_key"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
    *("settimeofday", "clock_settime", "personality"),
    # whoever listens at a path of this machine: a database, a container engine
    "connect",
)
_AF_UNIX = 1
_CLONE_NEW = 0x7E020000
"""The CLONE_NEW… flags that clone(2) takes (<linux/sched.h>): a namespace of one's own would undo much of this."""


@dataclass(frozen=True, slots=True)
class Room:
    """The files that a child may open besides the system's and the house's own code; all paths absolute.

    `writes`: folders below which it may write too; `temp`: a folder in which each child gets a private one for
    temporary files; `meeting`: folders in which it may put up sockets and take files away (LibreOffice talks to itself
    through a socket in /tmp and cannot be told another place).
    """

    reads: tuple[Path, ...]
    writes: tuple[Path, ...]
    temp: Path
    meeting: tuple[Path, ...] = ()


def enter(room: Room) -> None:
    """Shut this process, and all that it will start, into `room` for good.

    Raises `ToolMissing` (`no-sandbox`) when the kernel or libseccomp does not offer it: then nothing may be read here.
    """
    try:
        questions = _filter()
        from py_landlock import AccessFs, Landlock, LandlockError
    except (ImportError, RuntimeError) as fault:  # RuntimeError: pyseccomp, without the library of the system
        raise _missing(str(fault)) from fault
    home = Path(tempfile.mkdtemp(prefix="child-", dir=room.temp))
    tempfile.tempdir = str(home)
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = str(home)
    look = AccessFs.READ_FILE | AccessFs.READ_DIR
    create = (
        AccessFs.MAKE_REG | AccessFs.MAKE_DIR | AccessFs.MAKE_SYM | AccessFs.MAKE_SOCK | AccessFs.MAKE_FIFO
    )
    remove = AccessFs.REMOVE_FILE | AccessFs.REMOVE_DIR | AccessFs.REFER
    of_a_file = AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.EXECUTE | AccessFs.TRUNCATE
    change = look | AccessFs.WRITE_FILE | AccessFs.TRUNCATE | create | remove
    root = Path(__file__).parents[1]
    rights: list[tuple[Path, AccessFs]] = [
        *((path, look | AccessFs.EXECUTE) for path in _there((*_PROGRAMS, sys.prefix, sys.base_prefix))),
        *((path, look) for path in _there((*_SYSTEM, *_code(root), *room.reads))),
        (
            root,
            AccessFs.READ_DIR,
        ),  # imports list it; its files are the packages', and perhaps the data below it
        (Path("/dev/null"), AccessFs.WRITE_FILE),
        *((path, change) for path in (home, *_there(room.writes))),
        *((path, AccessFs.MAKE_SOCK | AccessFs.REMOVE_FILE) for path in _there(room.meeting)),
    ]
    try:
        rules = Landlock(strict=False)  # an older kernel lacks the newer rights (docs/howto/sandbox.md)
        for path, access in rights:
            rules.add_path_rule(path, access=access if path.is_dir() else access & of_a_file)
        rules.apply()
        questions.load()
        _drop_rights()
    except (LandlockError, OSError) as fault:
        raise _missing(str(fault)) from fault
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    least = _PROCESSES if hard == resource.RLIM_INFINITY else min(_PROCESSES, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (least, hard))


def _drop_rights() -> None:
    """Keep of an administrator's rights only that of opening the files which the room shows.

    With the others a child of root could still look into every process of the machine.
    """
    from pyprctl import Cap, CapState

    kept = CapState.get_current().permitted & {Cap.DAC_OVERRIDE}
    CapState(permitted=kept, effective=kept, inheritable=set()).set_current()


def _code(root: Path) -> Iterator[Path]:
    """Yield the house's own packages, and other places that modules come from."""
    yield from (part.parent for part in root.glob("*/__init__.py"))
    yield from (path for path in map(Path, sys.path) if path.is_absolute() and path.resolve() != root)


def _there(paths: Iterable[str | Path]) -> list[Path]:
    return [path for path in map(Path, paths) if path.exists()]


def _filter() -> "SyscallFilter":
    """Return the filter: what is refused gets EPERM, as if a right were lacking, so that libraries go on without."""
    from pyseccomp import ALLOW, ERRNO, MASKED_EQ, NE, Arg, SyscallFilter

    rules, refuse = SyscallFilter(ALLOW), ERRNO(errno.EPERM)
    for name in _REFUSED:
        rules.add_rule(refuse, name)
    rules.add_rule(refuse, "socket", Arg(0, NE, _AF_UNIX))
    for bit in range(_CLONE_NEW.bit_length()):
        if _CLONE_NEW >> bit & 1:
            rules.add_rule(refuse, "clone", Arg(0, MASKED_EQ, 1 << bit, 1 << bit))
    # its flags lie in memory, where a filter cannot look; the C library then takes clone
    rules.add_rule(ERRNO(errno.ENOSYS), "clone3")
    return rules


def _missing(why: str) -> ToolMissing:
    return ToolMissing(
        f"no sandbox: {why}",
        code="no-sandbox",
        tell="Máy này chưa cách ly được chương trình đọc tệp lạ nên không đọc tệp nào. Cần nhân Linux 5.13 trở lên có "
        "bật Landlock và gói libseccomp2 (xem docs/howto/sandbox.md). Nếu chấp nhận chỉ giới hạn bộ nhớ và thời gian, "
        "quản trị viên đặt VANTHU_SANDBOX=limits.",
    )
