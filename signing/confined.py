"""Run one program that reads hostile files so that it can neither fill the machine nor reach the network.

Started as a script of its own (`python -I -S confined.py MEMORY SECONDS FILE OPEN SOCKETS PROGRAM …`), so it imports
the standard library only. It accepts the limits, gives up the right to make sockets (SOCKETS `local`: all but those
that cannot leave the machine), and becomes PROGRAM: limits and filter survive `exec`.
Exit code 125: the limits could not be set, and then nothing ran.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32 = 0x40000000
# machine -> (AUDIT_ARCH of <linux/audit.h>, number of socket(2)); io_uring can open sockets too and is 425 on both
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
_AF_UNIX = 1
CANNOT = 125


def confine(memory: int, seconds: int, file: int, open_files: int, sockets: str) -> None:
    """Bound this process to `memory` bytes of address space, `seconds` of CPU, files of `file` bytes (0: none that is
    written), `open_files` at once, and no sockets, or only `local` ones (AF_UNIX).

    Raises OSError or ValueError when the system refuses.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    system = ctypes.CDLL(None, use_errno=True)
    _control(system, _PR_SET_PDEATHSIG, signal.SIGKILL)
    _control(system, _PR_SET_NO_NEW_PRIVS, 1)
    program = ctypes.create_string_buffer(_filter(platform.machine(), local=sockets == "local"))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(program))
    _control(system, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(header))


def _control(system: ctypes.CDLL, option: int, *values: object) -> None:
    full = [*values, *(0,) * (4 - len(values))]
    longs = [ctypes.c_ulong(v) if isinstance(v, int) else v for v in full]
    if system.prctl(option, *longs) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _filter(machine: str, *, local: bool = False) -> bytes:
    """Return the BPF program that refuses sockets; raise ValueError for a machine whose numbers are not known."""
    if machine not in _MACHINES:
        raise ValueError(f"no list of system calls for {machine}")
    architecture, socket = _MACHINES[machine]
    steps = [
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # seccomp_data.nr
        (_AT_LEAST, 3, 0, _X32),  # the second numbering of x86: nobody here uses it
        (_EQUAL, 3 if local else 2, 0, socket),
        (_EQUAL, 1, 0, _IO_URING_SETUP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, 16),  # socket(2): its first argument, the family
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def main() -> None:
    """Confine and become the program named in the arguments."""
    memory, seconds, file, open_files, sockets, *program = sys.argv[1:]
    try:
        confine(int(memory), int(seconds), int(file), int(open_files), sockets)
        os.execvp(program[0], program)  # noqa: S606 the argument list comes from `drawing.py` and `word_convert.py`
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"{fault}\n")
        os._exit(CANNOT)


if __name__ == "__main__":
    main()
