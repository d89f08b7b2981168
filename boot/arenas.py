"""Keep a process with many threads small: the C library may keep freed memory in two places, not in one a thread.

glibc gives threads arenas of their own (eight a core) and never hands memory from one to another. Sealing and indexing
run in some fifty threads that take turns, so each arena kept what one of them once needed: the main process grew with
every document until all arenas were full (docs/decisions/0175). Python's lock lets one thread allocate at a time
anyway.
"""

import ctypes

ARENAS = 2
_M_ARENA_MAX = -8  # <malloc.h>


def bound_arenas() -> bool:
    """Let the C library use at most `ARENAS` arenas from now on; return whether it can be told so (glibc can).

    To be called before threads are started: what arenas there are stay. A C library without arenas needs no bound.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(_M_ARENA_MAX, ARENAS))
