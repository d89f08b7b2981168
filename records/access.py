"""The access rule: who may do what to which thing. SQL and search filters are built from this file alone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from records.errors import Missing, NotAllowed


class Role(StrEnum):
    """What an account is for. Roles add up; none implies another."""

    READER = "reader"
    ARCHIVIST = "archivist"
    ADMINISTRATOR = "administrator"
    OFFICIAL = "official"  # signs outgoing papers with a key of their own
    CLERK = "clerk"  # văn thư: numbers, seals and copies outgoing papers


class Level(StrEnum):
    """How far a document may travel (mức độ tiếp cận, TT 05/2025 Phụ lục: `mode`)."""

    OPEN = "open"  # 01 Công khai
    RESTRICTED = "restricted"  # 02 Sử dụng có điều kiện
    SECRET = "secret"  # noqa: S105  # 03 Mật: held for the archivist, never shown to readers


class Action(StrEnum):
    """Everything an actor can ask for."""

    READ = "read"  # see a document, its pages, text and files
    SEARCH = "search"
    DIGITIZE = "digitize"  # make batches, hand in files, start them, watch them
    VERIFY = "verify"  # check a PDF handed in
    SIGN = "sign"  # order signatures; under which profile and with which key: procedures.order
    SEAL = "seal"  # the clerk's desk: number, seal, send; in whose register: procedures.register_desk
    FOLLOW = "follow"  # have cases; which exist for somebody: procedures.machine.may_see
    MANAGE_ACCOUNTS = "manage-accounts"
    READ_AUDIT = "read-audit"
    OPERATE = "operate"  # see queues, rounds and figures of the running system, run given-up work again


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an account, or a part of the system itself (`system:` names)."""

    id: str
    name: str
    roles: frozenset[Role]

    @property
    def is_system(self) -> bool:
        """True for the house's own workers, which act for nobody."""
        return self.id.startswith("system:")


SYSTEM = Actor("system:engine", "Vanthu", frozenset({Role.ARCHIVIST}))
"""The engine while it walks a scan. It may read everything it archives and manages nobody."""

LOCAL = Actor("system:local", "Dòng lệnh", frozenset({Role.ARCHIVIST, Role.READER}))
"""Whoever runs the command line on the data folder: the operating system has let that person in already."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What the rule needs to know of a document or batch; for actions without a thing, `authorize` takes None."""

    kind: Literal["document", "batch"]
    level: Level = Level.OPEN
    owner: str = ""


READABLE: dict[Role, frozenset[Level]] = {
    Role.READER: frozenset({Level.OPEN}),
    Role.ARCHIVIST: frozenset(Level),
    Role.ADMINISTRATOR: frozenset(),
    Role.OFFICIAL: frozenset(),
    Role.CLERK: frozenset(),
}
"""Levels each role may read. An administrator runs the system and reads no content by that role alone."""

_PERMITS: dict[Action, frozenset[Role]] = {
    Action.READ: frozenset({Role.READER, Role.ARCHIVIST}),
    Action.SEARCH: frozenset({Role.READER, Role.ARCHIVIST}),
    Action.DIGITIZE: frozenset({Role.ARCHIVIST}),
    Action.VERIFY: frozenset(Role),
    Action.SIGN: frozenset({Role.OFFICIAL, Role.CLERK}),
    Action.SEAL: frozenset({Role.CLERK}),
    Action.FOLLOW: frozenset(Role),
    Action.MANAGE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Action.READ_AUDIT: frozenset({Role.ADMINISTRATOR}),
    Action.OPERATE: frozenset({Role.ADMINISTRATOR}),
}


def readable_levels(actor: Actor) -> frozenset[Level]:
    """Return the document levels `actor` may see; the one source of the SQL and the index filter."""
    levels: frozenset[Level] = frozenset()
    for role in actor.roles:
        levels |= READABLE[role]
    return levels


def permits(actor: Actor, action: Action, thing: Thing | None = None) -> bool:
    """Return whether `actor` may do `action` to `thing` (deny by default)."""
    if not (_PERMITS[action] & actor.roles):
        return False
    if thing is not None and thing.kind == "document" and action is Action.READ:
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
