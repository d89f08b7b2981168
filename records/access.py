"""The access rule: who may do what to which thing. SQL and search filters are built from this file alone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from records.errors import Missing, NotAllowed
from records.parties import Party


class Role(StrEnum):
    """What an account is for. Roles add up; none implies another."""

    READER = "reader"
    ARCHIVIST = "archivist"
    ADMINISTRATOR = "administrator"
    OFFICIAL = "official"  # signs outgoing papers with a key of their own
    CLERK = "clerk"  # văn thư: numbers, seals and copies outgoing papers
    SECRECY_OFFICER = "secrecy-officer"  # decides what becomes of papers that carry a mark of secrecy


class Level(StrEnum):
    """How far a document may travel (mức độ tiếp cận, TT 05/2025 Phụ lục: `mode`)."""

    OPEN = "open"  # 01 Công khai
    RESTRICTED = "restricted"  # 02 Sử dụng có điều kiện
    SECRET = "secret"  # noqa: S105  # 03 Mật: held for the archivist, never shown to readers
    HELD = "held"  # a mark of secrecy was found and nobody has decided yet: no role reads it, not even archivists
    PARTIES = (
        "parties"  # came out of a case: for the parties of that case alone, whatever roles an account has
    )


class Action(StrEnum):
    """Everything an actor can ask for."""

    READ = "read"  # see a document, its pages, text and files
    SEARCH = "search"
    DIGITIZE = "digitize"  # make batches, hand in files, start them, watch them
    REVIEW = "review"  # look through doubtful readings, accept or correct them
    VERIFY = "verify"  # check a PDF handed in
    SIGN = "sign"  # order signatures; under which profile and with which key: procedures.order
    SEAL = "seal"  # the clerk's desk: number, seal, send; in whose register: procedures.register_desk
    FOLLOW = "follow"  # have cases; which exist for somebody: procedures.machine.may_see
    MANAGE_ACCOUNTS = "manage-accounts"
    READ_AUDIT = "read-audit"
    DECIDE_HELD = (
        "decide-held"  # know of held papers, release or remove them; what stands on them is not shown
    )
    OPERATE = "operate"  # see queues, rounds and figures of the running system, run given-up work again


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an account, or a part of the system itself (`system:` names).

    `parties`: as what the account has a part in cases today; who asks for documents is given them with the request.
    """

    id: str
    name: str
    roles: frozenset[Role]
    parties: frozenset[Party] = frozenset()

    @property
    def is_system(self) -> bool:
        """True for the house's own workers, which act for nobody."""
        return self.id.startswith("system:")


SYSTEM = Actor("system:engine", "Vanthu", frozenset({Role.ARCHIVIST}))
"""The engine while it walks a scan. It may read everything it archives, papers of cases too, and manages nobody."""

LOCAL = Actor("system:local", "Dòng lệnh", frozenset({Role.ARCHIVIST, Role.READER}))
"""Whoever runs the command line on the data folder: the operating system has let that person in already."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What the rule needs to know of a document or batch; for actions without a thing, `authorize` takes None.

    `parties`: whose affair the case is that a document of `Level.PARTIES` came out of.
    """

    kind: Literal["document", "batch"]
    level: Level = Level.OPEN
    owner: str = ""
    parties: frozenset[Party] = frozenset()


_BY_ROLE = frozenset(Level) - {Level.PARTIES, Level.HELD}


READABLE: dict[Role, frozenset[Level]] = {
    Role.READER: frozenset({Level.OPEN}),
    Role.ARCHIVIST: _BY_ROLE,
    Role.ADMINISTRATOR: frozenset(),
    Role.OFFICIAL: frozenset(),
    Role.CLERK: frozenset(),
    Role.SECRECY_OFFICER: frozenset(),
}
"""Levels each role may read. An administrator runs the system and reads no content by that role alone; what came out
of a case (`PARTIES`) no role opens: it may hold a member's data, which are for those alone whose task needs them.
"""

WITH_PARTIES = frozenset({Action.READ, Action.SEARCH})
"""What being a party is enough for, without any role: an official finds the papers of their own cases."""

_PERMITS: dict[Action, frozenset[Role]] = {
    Action.READ: frozenset({Role.READER, Role.ARCHIVIST}),
    Action.SEARCH: frozenset({Role.READER, Role.ARCHIVIST}),
    Action.DIGITIZE: frozenset({Role.ARCHIVIST}),
    Action.REVIEW: frozenset({Role.ARCHIVIST}),
    Action.VERIFY: frozenset(Role),
    Action.SIGN: frozenset({Role.OFFICIAL, Role.CLERK}),
    Action.SEAL: frozenset({Role.CLERK}),
    Action.FOLLOW: frozenset(Role),
    Action.MANAGE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Action.READ_AUDIT: frozenset({Role.ADMINISTRATOR}),
    Action.OPERATE: frozenset({Role.ADMINISTRATOR}),
    Action.DECIDE_HELD: frozenset({Role.SECRECY_OFFICER}),
}


def readable_levels(actor: Actor) -> frozenset[Level]:
    """Return the document levels `actor` may see, whoever's affair the document is.

    With `actor.parties` the one source of the SQL and the index filter: what is at one of these levels, or came out of
    a case that is the affair of one of these parties.
    """
    if actor == SYSTEM:
        return frozenset(Level)
    levels: frozenset[Level] = frozenset()
    for role in actor.roles:
        levels |= READABLE[role]
    return levels


def permits(actor: Actor, action: Action, thing: Thing | None = None) -> bool:
    """Return whether `actor` may do `action` to `thing` (deny by default)."""
    if not (_PERMITS[action] & actor.roles) and not (action in WITH_PARTIES and actor.parties):
        return False
    if thing is not None and thing.kind == "document" and action is Action.READ:
        if thing.level is Level.PARTIES and thing.parties & actor.parties:
            return True
        return thing.level in readable_levels(actor)
    return True


def authorize(actor: Actor, action: Action, thing: Thing | None = None) -> None:
    """Return when `actor` may do `action`; else raise.

    Raises `Missing` when a document may not be seen (it must look absent), `NotAllowed` otherwise.
    """
    if permits(actor, action, thing):
        return
    if thing is not None and action is Action.READ:
        raise Missing(f"{actor.id} may not see this {thing.kind}")
    raise NotAllowed(f"{actor.id} may not {action}")
