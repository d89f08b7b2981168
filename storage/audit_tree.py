"""The RFC 9162 tree over the log's leaves, grown a part at a time: of a million events twenty hashes are kept."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

NOTHING = bytes(32)
"""`Frontier.last` before the first event: what `prev` of event 1 says."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """The tree after `count` leaves: roots of its perfect subtrees, largest first, and the newest leaf.

    There is one subtree for each bit that is set in `count` (RFC 9162 §2.1.1), so the next leaves and every later
    root follow from this alone, without the leaves before.
    """

    count: int = 0
    nodes: tuple[bytes, ...] = ()
    last: bytes = NOTHING

    def grown(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the tree with `leaves` (their hashes) added at the end."""
        count, nodes, last = self.count, list(self.nodes), self.last
        for leaf in leaves:
            count, last, node = count + 1, leaf, leaf
            for _ in range(
                (count & -count).bit_length() - 1
            ):  # every subtree that is now half of a larger one
                node = node_hash(nodes.pop(), node)
            nodes.append(node)
        return Frontier(count, tuple(nodes), last)

    def root(self) -> bytes:
        """Return the RFC 9162 root (32 bytes); of the empty tree SHA-256 of nothing."""
        if not self.nodes:
            return hashlib.sha256(b"").digest()
        *larger, root = self.nodes
        for node in reversed(larger):
            root = node_hash(node, root)
        return root

    def to_text(self) -> str:
        """Return one line that `from_text` reads: count, newest leaf, subtrees."""
        return " ".join([str(self.count), self.last.hex(), *(node.hex() for node in self.nodes)])

    @classmethod
    def from_text(cls, text: str) -> "Frontier":
        """Return the tree that `to_text` wrote. Raises ValueError when the line is no such thing."""
        count, last, *nodes = text.split(" ")
        found = cls(int(count), tuple(bytes.fromhex(node) for node in nodes), bytes.fromhex(last))
        if found.count < 0 or len(nodes) != found.count.bit_count():
            raise ValueError("not a tree")
        if any(len(node) != 32 for node in (found.last, *found.nodes)):
            raise ValueError("not hashes")
        return found


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 §2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162 §2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes, in one pass."""
    return Frontier().grown(leaves).root()
