"""The Merkle tree of RFC 9162 §2.1, its proofs and how they are verified, as the text of the RFC has them."""

import hashlib
from collections.abc import Sequence


class Tree:
    """RFC 9162 §2.1.1 root over a growing list of leaves, keeping only one node per level."""

    def __init__(self) -> None:
        self.count = 0
        self._nodes: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the next leaf hash."""
        self.count += 1
        size = self.count
        while size % 2 == 0:
            leaf = node_hash(self._nodes.pop(), leaf)
            size //= 2
        self._nodes.append(leaf)

    def root(self) -> str:
        """Return the root of the leaves so far, in hexadecimal."""
        if not self._nodes:
            return hashlib.sha256(b"").hexdigest()
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = node_hash(node, root)
        return root.hex()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hash(data: bytes) -> str:
    """Return the hash of a leaf, in hexadecimal."""
    return hashlib.sha256(b"\x00" + data).hexdigest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the RFC 9162 root of leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return bytes.fromhex(tree.root())


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(index, leaves) of RFC 9162 §2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = _below(len(leaves))
    if index < k:
        return [*inclusion_path(index, leaves[:k]), root_of(leaves[k:])]
    return [*inclusion_path(index - k, leaves[k:]), root_of(leaves[:k])]


def consistency_path(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """Return SUBPROOF(old, leaves, whole) of RFC 9162 §2.1.4.1, word for word."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = _below(len(leaves))
    if old <= k:
        return [*consistency_path(old, leaves[:k], whole), root_of(leaves[k:])]
    return [*consistency_path(old - k, leaves[k:], False), root_of(leaves[:k])]


def _below(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def included(leaf: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Verify an inclusion proof as RFC 9162 §2.1.3.2 says."""
    if not 0 <= index < count:
        return False
    fn, sn, r = index, count - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Verify a consistency proof as RFC 9162 §2.1.4.2 says; the empty tree begins every log."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == root_of(())
    if old == new:
        return not path and old_root == new_root
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for c in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root
