"""Make and check proofs: an event is in the log, one head grew out of another. What is checked needs no log."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from .heads import NoteKey, read_note
from .log import FIRST, problem_of
from .sources import Event
from .tree import consistency_path, consistent, included, inclusion_path, leaf_hash, root_of


def _leaves(source: Iterable[Event], count: int | None) -> tuple[list[bytes], list[bytes]]:
    """Leaf hashes and bytes of the first `count` events (None: all), checked on the way. Raises ValueError."""
    leaves: list[bytes] = []
    data: list[bytes] = []
    prev = FIRST
    for event in source:
        if count is not None and len(leaves) == count:
            break
        problem = problem_of(event, len(leaves) + 1) or ("" if event[1] == prev else "does not follow on")
        if problem:
            raise ValueError(f"event {len(leaves) + 1}: {problem}")
        prev = event[2]
        leaves.append(bytes.fromhex(prev))
        data.append(event[3])
    if count is not None and len(leaves) < count:
        raise ValueError(f"the log has {len(leaves)} events")
    return leaves, data


def prove(source: Iterable[Event], seq: int, count: int | None) -> dict[str, Any]:
    """Return the inclusion proof of event `seq` among the first `count` (None: all). Raises ValueError."""
    leaves, data = _leaves(source, count)
    if not 1 <= seq <= len(leaves):
        raise ValueError(f"the log has {len(leaves)} events")
    path = [node.hex() for node in inclusion_path(seq - 1, leaves)]
    return {
        "kind": "inclusion",
        "seq": seq,
        "count": len(leaves),
        "event": data[seq - 1].decode(),
        "path": path,
        "root": root_of(leaves).hex(),
        "note": "",
    }


def prove_consistency(source: Iterable[Event], old: int, new: int) -> dict[str, Any]:
    """Return the consistency proof between the heads over `old` and `new` events. Raises ValueError."""
    leaves, _ = _leaves(source, new)
    if not 0 <= old <= new:
        raise ValueError(f"{old} events cannot grow into {new}")
    return {
        "kind": "consistency",
        "old": old,
        "new": new,
        "path": [node.hex() for node in consistency_path(old, leaves)] if old else [],
        "old_root": root_of(leaves[:old]).hex(),
        "new_root": root_of(leaves).hex(),
        "old_note": "",
        "new_note": "",
    }


def check_proof(proof: dict[str, Any], keys: Sequence[NoteKey]) -> str:
    """Return what is wrong with a proof, "" when it holds. Its notes, if any, must be about its roots.

    Raises ValueError, KeyError, TypeError when it is no proof.
    """
    path = [bytes.fromhex(node) for node in proof["path"]]
    if proof["kind"] == "inclusion":
        data = proof["event"].encode()
        if json.loads(data)["seq"] != proof["seq"]:
            return "the event has another number"
        leaf, root = bytes.fromhex(leaf_hash(data)), bytes.fromhex(proof["root"])
        if not included(leaf, proof["seq"] - 1, proof["count"], path, root):
            return "the hashes do not lead from the event to the root"
        return _note_problem(proof["note"], keys, proof["count"], proof["root"])
    if proof["kind"] != "consistency":
        raise ValueError("not a proof")
    roots = bytes.fromhex(proof["old_root"]), bytes.fromhex(proof["new_root"])
    if not consistent(proof["old"], proof["new"], *roots, path):
        return "the newer head did not grow out of the older one"
    return _note_problem(proof["old_note"], keys, proof["old"], proof["old_root"]) or _note_problem(
        proof["new_note"], keys, proof["new"], proof["new_root"]
    )


def _note_problem(note: str, keys: Sequence[NoteKey], count: int, root: str) -> str:
    if not note:
        return "no signed note to go with the root" if keys else ""
    head = read_note(note.encode(), keys)
    return "" if (head.count, head.root) == (count, root) else "the signed note is about another head"
