"""The signing profiles as data: who signs, into which field, what may still happen to the paper, how long it proves.

Order of an outgoing paper (NĐ 30/2020 Art. 32, NĐ 68/2024): number and date are content, then the officials sign, then
the organisation seals, then the archive time stamp; nothing after it. The rules over these data are in `order.py`.
See docs/decisions/0080.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum

from pyhanko.stamp import BaseStampStyle

from records.errors import ArchiveFault
from signing.examine import ARCHIVE_MARK
from signing.key_table import KeyRole

MOST_OFFICIALS = 9
MOST_BOXES = 10


class Level(StrEnum):
    """How long a signature proves (ETSI EN 319 142-1): with time stamp, with revocation data, with archive stamp."""

    T = "PAdES-BASELINE-T"
    LT = "PAdES-BASELINE-LT"
    LTA = "PAdES-BASELINE-LTA"


class Lock(Enum):
    """Which form fields a signature closes (FieldMDP, ISO 32000-2 §12.8.2.4)."""

    NONE = "none"
    ALL_BUT_LATER = (
        "all-but-later"  # the fields of those who sign later, and number and date when they come later
    )
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Visible:
    """The visible part of a signature: what is drawn, on which page (from 0), in which box (x1, y1, x2, y2).

    The box is in the user space of that page (points for a UserUnit of 1, origin of its MediaBox, before /Rotate).
    """

    style: BaseStampStyle
    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """An empty field for a signature that comes later, made in the same save as the first signature."""

    profile: str
    visible: Visible | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to sign. Levels are ordered from the least to the most; `usual` is taken when none is asked for.

    `alone`: the only signature of its file. `several`: more than one may sign, `most` at most. `certify`: a
    certification signature that allows form filling only. `promises`: the file is meant to end with an archive time
    stamp, and says so in its signed part whatever the level of the moment, so that cutting the stamp off is seen
    (docs/decisions/0020).
    """

    name: str
    role: KeyRole
    field: str
    levels: tuple[Level, ...]
    usual: Level
    lock: Lock = Lock.NONE
    certify: bool = False
    alone: bool = False
    several: bool = False
    most: int = MOST_OFFICIALS
    promises: bool = False

    def level(self, asked: str | None) -> Level:
        """Return the level to make. Raises `ArchiveFault` (`level-unknown`)."""
        if asked is None:
            return self.usual
        if asked not in set(self.levels):
            raise ArchiveFault(
                f"profile {self.name}: level {asked!r} is not one of {[str(one) for one in self.levels]}",
                code="level-unknown",
                tell=f"Kiểu ký “{self.name}” không có mức “{asked}”. Mức dùng được: {', '.join(self.levels)}.",
            )
        return Level(asked)

    def mark(self, level: Level) -> str:
        """Return what is written into the signed part: that an archive time stamp must follow, or the profile."""
        if not (self.promises or level is Level.LTA):
            return f"{self.name} 1"
        return f"{ARCHIVE_MARK} {self.name}" if self.name in BOXED else ARCHIVE_MARK

    def marked(self, mark: str) -> bool:
        """Return whether a signed part with this mark was written under this profile of boxes."""
        return mark in (f"{self.name} 1", f"{ARCHIVE_MARK} {self.name}")


_EVERY = (Level.T, Level.LT, Level.LTA)
_DEFERRED = (Level.T, Level.LTA)  # "B-T at once, the archive stamp at night", never an end state of its own

ARCHIVE = "archive"
OFFICIAL = "official"
SEAL = "seal"
ANNEX = "annex"
COPY = "copy"
HOP = "hop"  # one body's box of a letter that goes from body to body: words and signature of its official …
HOP_SEAL = (
    "hop-seal"  # … and its seal, which closes nothing: the next box comes after it (docs/decisions/0100)
)
BOXED = (HOP, HOP_SEAL)

PROFILES: dict[str, Profile] = {
    one.name: one
    for one in (
        Profile(
            ARCHIVE, KeyRole.ARCHIVE, "LuuTru", _DEFERRED, Level.LTA, certify=True, alone=True, promises=True
        ),
        Profile(OFFICIAL, KeyRole.OFFICIAL, "NguoiKy", _EVERY, Level.T, Lock.ALL_BUT_LATER, several=True),
        Profile(SEAL, KeyRole.SEAL, "ConDau", _DEFERRED, Level.LTA, Lock.ALL, promises=True),
        Profile(
            HOP,
            KeyRole.OFFICIAL,
            "OKy",
            _DEFERRED,
            Level.LTA,
            Lock.ALL_BUT_LATER,
            several=True,
            most=MOST_BOXES,
        ),
        Profile(
            HOP_SEAL,
            KeyRole.SEAL,
            "ODau",
            _DEFERRED,
            Level.LTA,
            Lock.ALL_BUT_LATER,
            several=True,
            most=MOST_BOXES,
        ),
        Profile(ANNEX, KeyRole.SEAL, "PhuLuc", _EVERY, Level.LTA, Lock.ALL, alone=True),
        Profile(COPY, KeyRole.SEAL, "BanSao", _EVERY, Level.LTA, Lock.ALL, alone=True),
    )
}


def profile_named(name: str) -> Profile:
    """Return the profile `name`. Raises `ArchiveFault` (`profile-unknown`)."""
    if name not in PROFILES:
        raise ArchiveFault(
            f"profile {name!r} is not one of {tuple(PROFILES)}",
            code="profile-unknown",
            tell=f"Chưa có kiểu ký “{name}”. Kiểu dùng được: {', '.join(PROFILES)}.",
        )
    return PROFILES[name]


def demand_role(profile: Profile, role: KeyRole, key: str) -> None:
    """Refuse a key whose role is not the profile's: a person's key seals nothing, a unit's signs for nobody.

    Raises `ArchiveFault` (`role-wrong`).
    """
    if role is not profile.role:
        raise ArchiveFault(
            f"profile {profile.name} asks for a key of role {profile.role}, {key!r} has {role}",
            code="role-wrong",
            tell=f"Khóa “{key}” được cấp cho vai trò “{_ROLES[role]}”, còn kiểu ký “{profile.name}” cần khóa của "
            f"“{_ROLES[profile.role]}”. Chưa ký gì; hãy chọn đúng khóa.",
        )


_ROLES = {
    KeyRole.ARCHIVE: "con dấu lưu trữ",
    KeyRole.OFFICIAL: "người ký văn bản",
    KeyRole.SEAL: "con dấu cơ quan",
}
