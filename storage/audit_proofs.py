"""Prove to somebody who holds a signed head that an event is in the log, or that one head grew out of another.

RFC 9162 §2.1.3 (inclusion) and §2.1.4 (consistency). A proof is a few hashes; the log itself need not be shown.
`audit_verify.py` makes and checks the same proofs with code of its own.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from storage.audit_tree import Frontier, merkle_root, node_hash

Leaves = Callable[[int, int], Iterable[bytes]]
"""Gives the leaf hashes of events `first` to `last`, both included (`Audit.leaves`)."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Event `seq` is one of the first `count`: its bytes, the hashes beside its way up, the root, the signed note.

    `note` is "" when no head was signed over exactly `count` events.
    """

    seq: int
    count: int
    event: str
    path: tuple[bytes, ...]
    root: bytes
    note: str = ""

    def to_json(self) -> str:
        """Return the proof as `audit_verify.py check` reads it."""
        return json.dumps(
            {
                "kind": "inclusion",
                "seq": self.seq,
                "count": self.count,
                "event": self.event,
                "path": [node.hex() for node in self.path],
                "root": self.root.hex(),
                "note": self.note,
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True, slots=True)
class Consistency:
    """The first `old` of `new` events are those that stood there when `old` was all: two roots, two signed notes."""

    old: int
    new: int
    path: tuple[bytes, ...]
    old_root: bytes
    new_root: bytes
    old_note: str = ""
    new_note: str = ""

    def to_json(self) -> str:
        """Return the proof as `audit_verify.py check` reads it."""
        return json.dumps(
            {
                "kind": "consistency",
                "old": self.old,
                "new": self.new,
                "path": [node.hex() for node in self.path],
                "old_root": self.old_root.hex(),
                "new_root": self.new_root.hex(),
                "old_note": self.old_note,
                "new_note": self.new_note,
            },
            ensure_ascii=False,
        )


def prove_inclusion(leaves: Leaves, seq: int, count: int, event: bytes, note: str = "") -> Inclusion:
    """Return the proof for event `seq` (from 1) among the first `count`; reads each leaf hash once.

    Raises ValueError unless 1 ≤ `seq` ≤ `count`.
    """
    if not 1 <= seq <= count:
        raise ValueError(f"no event {seq} among {count}")
    path = tuple(_subtree(leaves, part) for part in inclusion_parts(seq - 1, count))
    (leaf,) = leaves(seq, seq)
    return Inclusion(seq, count, event.decode(), path, _climb(leaf, seq - 1, count, path), note)


def prove_consistency(
    leaves: Leaves, old: int, new: int, old_note: str = "", new_note: str = ""
) -> Consistency:
    """Return the proof that the head over `new` events grew out of that over `old`.

    Raises ValueError unless 0 ≤ `old` ≤ `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"{old} events cannot grow into {new}")
    path = tuple(_subtree(leaves, part) for part in consistency_parts(old, new)) if old else ()
    tree = Frontier().grown(leaves(1, old))
    grown = tree.grown(leaves(old + 1, new))
    return Consistency(old, new, path, tree.root(), grown.root(), old_note, new_note)


def inclusion_parts(index: int, count: int) -> list[tuple[int, int]]:
    """Return the subtrees [start, stop) beside the way from leaf `index` (from 0) to the root, lowest first."""
    parts, start, stop = [], 0, count
    while stop - start > 1:
        middle = start + split(stop - start)
        if index < middle:
            parts.append((middle, stop))
            stop = middle
        else:
            parts.append((start, middle))
            start = middle
    return parts[::-1]


def consistency_parts(old: int, new: int) -> list[tuple[int, int]]:
    """Return the subtrees [start, stop) of SUBPROOF(old, D[new], true), in the order of the proof."""
    parts, start, stop = [], 0, new
    while old < stop:
        middle = start + split(stop - start)
        if old <= middle:
            parts.append((middle, stop))
            stop = middle
        else:
            parts.append((start, middle))
            start = middle
    if start:  # the old tree is not itself one whole subtree of the new one
        parts.append((start, stop))
    return parts[::-1]


def is_included(leaf: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether `path` leads from leaf hash `leaf` at `index` (from 0) to `root` over `count` leaves."""
    if not 0 <= index < count or len(path) != len(inclusion_parts(index, count)):
        return False
    return _climb(leaf, index, count, path) == root


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Return whether `path` shows that the tree of `new` leaves begins with the tree of `old` leaves."""
    if old == 0:
        return new >= 0 and not path and old_root == merkle_root(())
    if not 0 < old <= new or len(path) != len(consistency_parts(old, new)):
        return False
    return _both(old, new, old_root, tuple(path)) == (old_root, new_root)


def split(count: int) -> int:
    """Return the greatest power of two below `count` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _subtree(leaves: Leaves, part: tuple[int, int]) -> bytes:
    start, stop = part
    return merkle_root(leaves(start + 1, stop))


def _climb(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes:
    node = leaf
    for sister, (start, _) in zip(path, inclusion_parts(index, count), strict=True):
        node = node_hash(sister, node) if start < index else node_hash(node, sister)
    return node


def _both(old: int, new: int, whole: bytes | None, path: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """The old and the new root as SUBPROOF builds them up; `whole` is the old root while the old tree is a subtree."""
    if old == new:
        root = path[0] if whole is None else whole
        return root, root
    *inner, outer = path
    middle = split(new)
    if old <= middle:
        before, after = _both(old, middle, whole, tuple(inner))
        return before, node_hash(after, outer)
    before, after = _both(old - middle, new - middle, None, tuple(inner))
    return node_hash(outer, before), node_hash(outer, after)
