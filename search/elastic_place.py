"""Which index of the server is ours: the alias names it, a rebuild fills another and then moves the alias in one step.

Names: `<alias>-v<schema>-<16 hex digits>`. Each index is written through an alias of its own, `<name>.pen`: a server
makes an index for whoever writes to an unknown name, but not for whoever asks for an alias. `<alias>-next` marks the
index being filled, so that every writer writes there too (decision 0058).
"""

import logging
import re
import secrets
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from records.errors import Away
from search.elastic_door import PATIENCE, Door, judge
from search.elastic_entries import definition
from search.index import SCHEMA, index_away, index_busy, index_missing

_log = logging.getLogger("vanthu.search")

_LARGEST = 5_000_000_000  # bytes of a piece; the server leaves larger ones alone when papers in them change
_MOVES = 4  # how often our indices may change under one switch

FIRST = "0" * 16
"""Ending of the very first index: two processes that begin at once ask for the same name, and one of them makes it."""


def pen(name: str) -> str:
    """Return the alias through which the index `name` is written."""
    return f"{name}.pen"


@dataclass(frozen=True, slots=True)
class Standing:
    """Indices on the server: those the alias names (one of ours, if all is well), ours being filled, our others."""

    current: tuple[str, ...]
    filling: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them; only the current ones may be somebody else's."""
        return self.current + self.filling + self.other


class Place:
    """Finds, makes, moves and clears our indices."""

    def __init__(self, door: Door, alias: str) -> None:
        self.alias = alias
        self._door = door
        self._next, self._mark = f"{alias}-next", f"{alias}-has-an-index"
        self._ours = re.compile(rf"{re.escape(alias)}-v[0-9]+-[0-9a-f]{{16}}")
        self._known: set[str] = set()  # indices whose mapping was looked at
        self._marked = False

    def standing(self) -> Standing:
        """Return what is there now, closed indices included."""
        wanted = [f"{self.alias}-v*", self.alias]
        found = self._door.call(
            lambda es: es.indices.get_alias(index=wanted, expand_wildcards="all", ignore_unavailable=True)
        ).body
        if self.alias in found:
            raise index_missing(f"{self.alias}: an index itself has this name; somebody has to delete it")
        aliases = {name: set(kept["aliases"]) for name, kept in found.items()}
        current = [name for name in aliases if self.alias in aliases[name]]
        ours = [name for name in aliases if self._ours.fullmatch(name) and name not in current]
        filling = [name for name in ours if self._next in aliases[name]]
        other = [name for name in ours if name not in filling]
        return Standing(*(tuple(sorted(names)) for names in (current, filling, other)))

    def current(self, standing: Standing | None = None) -> str:
        """Return the one index that the alias names. Raises Away (`search-index-missing`)."""
        names = (standing or self.standing()).current
        if not names:
            raise index_missing(f"{self.alias}: no index bears this name")
        if len(names) > 1:
            raise index_missing(f"{self.alias}: the alias names several indices: {', '.join(names)}")
        self.trust(names[0])
        return names[0]

    def writable(self) -> tuple[str, ...]:
        """Return every index a change has to reach: the current one and, during a rebuild, the next."""
        standing = self.standing()
        return self.current(standing), *standing.filling

    def shown(self) -> tuple[str, ...]:
        """Return what `writable` does; where there has never been an index, an empty one is made first.

        Raises Away (`search-index-missing`) when there has been one and it is gone: an empty one in its place would
        look like an empty archive.
        """
        standing = self.standing()
        if not standing.current:
            if self._was_marked():
                raise index_missing(f"{self.alias}: the index is gone")
            self._make(f"{self.alias}-v{SCHEMA}-{FIRST}", self.alias, shared=True)
            standing = self.standing()
        self._mark_it()
        return self.current(standing), *standing.filling

    def trust(self, name: str) -> None:
        """Return when `name` is an index this program made for this schema. Raises Away (`search-index-missing`)."""
        if name in self._known:
            return
        if not self._ours.fullmatch(name) or not name.startswith(f"{self.alias}-v{SCHEMA}-"):
            raise index_missing(f"{self.alias} names {name}, this program reads v{SCHEMA}")
        mappings = self._door.call(lambda es: es.indices.get_mapping(index=name)).body[name]["mappings"]
        if mappings.get("_meta", {}).get("schema") != SCHEMA or mappings.get("dynamic") != "strict":
            raise index_missing(f"{name}: not the fields of v{SCHEMA}")
        self._known.add(name)

    def draw(self) -> str:
        """Make an empty index to be filled, and return its name; what a killed rebuild left is cleared first.

        A rebuild that runs elsewhere is ended by that: it finds its index gone. Raises Away.
        """
        left = self.standing()
        self.clear(*left.filling, *left.other)
        name = f"{self.alias}-v{SCHEMA}-{secrets.token_hex(8)}"
        self._make(name, self._next, shared=False)
        if rivals := set(self.standing().filling) - {name}:
            self.clear(name)
            raise index_busy(f"{self.alias}: another rebuild has just begun: {', '.join(rivals)}")
        return name

    def switch(self, name: str) -> None:
        """Let the alias name `name` and delete every other index of ours, in one step that all or none see."""
        for _ in range(_MOVES):
            standing = self.standing()
            if standing.current == (name,):  # moved, perhaps by a try whose answer was lost
                self._mark_it()
                return
            if name not in standing.names:
                raise index_busy(f"{name} is gone: another rebuild has taken over")
            actions = [self._farewell(other) for other in standing.names if other != name]
            actions.append({"add": {"index": name, "alias": self.alias}})
            actions.append({"remove": {"index": name, "alias": self._next}})
            try:
                self._door.call(lambda es, actions=actions: es.indices.update_aliases(actions=actions))  # type: ignore[misc]
            except Away as fault:
                if fault.code != "search-index-missing":  # else somebody deleted one of them: look again
                    raise
        raise index_busy(f"{self.alias}: our indices keep changing under the switch to {name}")

    def pack(self, name: str) -> None:
        """Let the server put the many pieces of a filled index together; it goes on by itself and nobody waits.

        Every piece costs every query, and a server merges them by itself only when there are more than ten. Asked
        for after the switch, so that a rebuild is not longer; when it cannot be asked for, searching is slower and
        nothing else, so that is logged and no fault.
        """
        try:
            held = self._door.call(lambda es: es.indices.stats(index=name, metric="store")).body
            size = held["_all"]["primaries"]["store"]["size_in_bytes"]
            pieces = 1 + size // _LARGEST
            self._door.call(
                lambda es: es.indices.forcemerge(
                    index=name, max_num_segments=pieces, wait_for_completion=False
                )
            )
        except Away as fault:
            _log.warning("%s is in use but not merged, so searching is slower: %s", name, fault)

    def clear(self, *names: str) -> None:
        """Delete indices; one that is gone already does not matter."""
        for name in names:
            self._door.call(lambda es, name=name: es.indices.delete(index=name, ignore_unavailable=True))  # type: ignore[misc]

    def _farewell(self, name: str) -> dict[str, Any]:
        """Return what deletes an index of ours; somebody else's only loses our alias."""
        if self._ours.fullmatch(name):
            return {"remove_index": {"index": name}}
        return {"remove": {"index": name, "alias": self.alias}}

    def _mark_it(self) -> None:
        """Note on the server that there is an index, so that its loss is not taken for a beginning."""
        if not self._marked:
            told = {"told": "an index of this name was made; if it is gone, it has to be rebuilt"}
            self._door.call(
                lambda es: es.cluster.put_component_template(name=self._mark, template={}, meta=told)
            )
            self._marked = True

    def _was_marked(self) -> bool:
        return bool(self._door.call(lambda es: es.cluster.exists_component_template(name=self._mark)))

    def _make(self, name: str, alias: str, *, shared: bool) -> None:
        """Make an empty index that bears `alias`. When `shared`, it is as good when somebody has just made it."""

        def make(es: Elasticsearch) -> bool:
            aliases: dict[str, dict[str, Any]] = {alias: {}, pen(name): {}}
            made = es.options(ignore_status=400).indices.create(
                index=name, aliases=aliases, timeout=PATIENCE, **definition()
            )
            if "error" not in made:
                return bool(made["acknowledged"])
            if shared and made["error"]["type"] == "resource_already_exists_exception":
                return True
            raise judge(400, made["error"])

        if not self._door.call(make):
            raise index_away(f"{name}: not every node has heard of it yet")
