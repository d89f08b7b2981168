"""A process that was told to keep few arenas keeps few, however many threads allocate at once."""

import re
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, os, sys, threading
from boot.arenas import bound_arenas
if sys.argv[1] == "bound":
    assert bound_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
gate = threading.Barrier(16)
def run():
    gate.wait()
    for _ in range(200):
        libc.malloc(1000)  # ctypes lets go of Python's lock: sixteen threads at once
    gate.wait()
threads = [threading.Thread(target=run) for _ in range(16)]
for one in threads: one.start()
for one in threads: one.join()
libc.fdopen.restype = ctypes.c_void_p
out = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fflush(ctypes.c_void_p(out))
"""


def arenas(how: str) -> int:
    told = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True, text=True)
    return len(re.findall("<heap nr=", told.stdout))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc")
def test_threads_share_two_arenas() -> None:
    assert arenas("bound") <= 2
    assert arenas("free") > 2  # else this test would say nothing
