"""The closed inventory of Vietnamese syllables: what stands outside it is a name, a number or a misreading.

Onset × rime × tone with the spelling rules between them. Built on first use (about 20 ms), so importing costs nothing.
"""

from functools import cache

from language.fold import canonical
from language.variants import TONE_SIGNS, folded_key, forget_tones, toned_key

_ONSETS = [
    *["", "b", "c", "ch", "d", "đ", "g", "gh", "h", "k", "kh", "l", "m", "n", "ng", "ngh"],
    *["nh", "p", "ph", "r", "s", "t", "th", "tr", "v", "x"],
]
_PLAIN = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep et
ê êch êm ên ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu o oc oi om on ong oong op ot
ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uc ui um un ung up ut uôc uôi uôm uôn uông uôt
ư ưa ưc ưi ưm ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
""".split()
_ROUNDED = """
oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oen oeo oet
uân uâng uât uây uê uêch uênh uơ uy uya uych uyên uyêt uyn uynh uyp uyt uyu
""".split()
_AFTER_QU = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt ân âng ât âu ây e ec en eo ep et
ê êch ên ênh êt êu i ich inh it y ych yên yêt ynh yt yu ôc ơ ơn
""".split()
_AFTER_GI = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e em en eo ep et ê êc êm ên êng
êp êt êu o oc oi om on ong op ot ô ôc ôi ôn ông ôt ơ ơi ơn ơt u ua uc ui um un uôc uôi uông ư ưa ưc ưng ưt ương ươi
ươc ươm ươt up ut ung ôm ôp ơm ơp n m p t ng oa
""".split()  # "gì, gìn, giết": the i of gi is also the vowel
_NO_ROUNDED = frozenset({"b", "m", "p", "ph", "r", "v", "c", "k", "gh", "ngh"})  # c + w is spelled qu
_RARE = ("buýt", "voan", "soóc", "moóc", "goòng", "roa", "pô", "yểng", "gì", "gí", "gĩ", "gị", "gỉ", "ghi")
_FRONT = frozenset("eêiy")
_NEEDS_FRONT = frozenset({"k", "gh", "ngh"})
_NEEDS_BACK = frozenset({"c", "g", "ng"})
_STOPS = ("p", "t", "c", "ch")


def _joins(onset: str, rime: str) -> bool:
    """Return whether the spelling rules let `rime` follow `onset`."""
    if onset in _NEEDS_FRONT:
        return rime[0] in _FRONT
    if onset in _NEEDS_BACK and rime[0] in _FRONT:
        return False
    return not (rime in _ROUNDED and onset in _NO_ROUNDED)


def _bodies() -> set[str]:
    """Return every onset with every rime it may take, without tones, spelled as search keys."""
    bodies = {onset + rime for onset in _ONSETS for rime in (*_PLAIN, *_ROUNDED) if _joins(onset, rime)}
    bodies -= {rime for rime in _PLAIN if rime.startswith("iê")}
    bodies |= {
        "y" + rime[1:] for rime in _PLAIN if rime.startswith("iê")
    }  # yên, yêu: no onset, written with y
    bodies |= {"qu" + rime for rime in _AFTER_QU} | {"gi" + rime for rime in _AFTER_GI} | {"y"}
    return {toned_key(body) for body in bodies}


@cache
def inventory() -> frozenset[str]:
    """Return every possible syllable as its toned search key (see `language.variants.toned_key`)."""
    keys: set[str] = set()
    for body in _bodies():
        signs = "´." if body.endswith(_STOPS) else ("", *TONE_SIGNS)  # a stop coda allows only sắc and nặng
        keys.update(body + sign for sign in signs)
    keys.update(toned_key(rare) for rare in _RARE)
    return frozenset(keys)


@cache
def folded_inventory() -> frozenset[str]:
    """Return every possible syllable without marks, as its folded search key."""
    return frozenset(forget_tones(key) for key in inventory())


def is_syllable(token: str) -> bool:
    """Return whether `token` is spelled like a Vietnamese syllable, marks and tone included.

    >>> is_syllable("nghiêng"), is_syllable("Hoà"), is_syllable("ngiêng"), is_syllable("chuyển1")
    (True, True, False, False)
    """
    return toned_key(canonical(token)) in inventory()


def is_folded_syllable(token: str) -> bool:
    """Return whether `token` could be a syllable once its marks are left out.

    >>> is_folded_syllable("nghieng"), is_folded_syllable("sinhhoat")
    (True, False)
    """
    return folded_key(canonical(token)) in folded_inventory()
