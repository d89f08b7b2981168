"""Read no faster than told, so that looking after the archive never stands in the way of using it."""

from collections.abc import Callable
from time import monotonic, sleep

from records.errors import ArchiveFault

_LONGEST_PAUSE = 0.25
"""Seconds; a large object may owe minutes, and whoever waits must still be told to stop."""


class Pace:
    """A limit in bytes and in objects a second, kept on average over what was read; one reader at a time.

    `seconds` is a clock that only goes forward, `pause` waits (and may come back early: at shutdown it does).
    """

    def __init__(
        self,
        bytes_a_second: float,
        objects_a_second: float,
        seconds: Callable[[], float] = monotonic,
        pause: Callable[[float], object] = sleep,
    ) -> None:
        """Raises `ArchiveFault` (`bad-settings`) for a limit that would let nothing through."""
        if not (bytes_a_second > 0 and objects_a_second > 0):
            raise ArchiveFault(
                f"{bytes_a_second} bytes and {objects_a_second} objects a second",
                code="bad-settings",
                tell="Tốc độ kiểm tra kho (byte/giây, tệp/giây) phải lớn hơn 0. Hãy sửa cấu hình VANTHU_FIXITY_….",
            )
        self._bytes = bytes_a_second
        self._objects = objects_a_second
        self._seconds = seconds
        self._pause = pause
        self._begun = seconds()
        self._free = self._begun

    def begin(self, enough: Callable[[], bool] = lambda: False) -> bool:
        """Wait until what was read before is paid for; False when `enough` said to stop before that."""
        while True:
            if enough():
                return False
            debt = self._free - self._seconds()
            if debt <= 0:
                break
            self._pause(min(debt, _LONGEST_PAUSE))
        self._begun = self._seconds()
        return True

    def spent(self, size: int) -> None:
        """Note that an object of `size` bytes was read since `begin`."""
        self._free = self._begun + max(size / self._bytes, 1 / self._objects)
