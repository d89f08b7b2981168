"""TCVN3 and VNI: every letter both ways, whole sentences, and nothing done to what is no such text."""

import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.legacy import code_of_font, decoded, guessed_code, is_garbage, vietnamese_share

LETTERS = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
MOTTO = "Cộng hòa xã hội chủ nghĩa Việt Nam, Độc lập - Tự do - Hạnh phúc"
LAW = "Căn cứ Luật Tổ chức chính quyền địa phương; xét đề nghị của Chánh Văn phòng, những người được hưởng"

MARKS = {"\u0300": "ø", "\u0301": "ù", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
ROOF = {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
BOWL = {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
ALONE = {"ì": "ì", "í": "í", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î", "đ": "ñ"}


def in_vni(text: str) -> str:
    """Write VNI, by the rules of its code page: an independent hand, the other way round."""
    out = ""
    for char in text:
        small = char.lower()
        if small in ALONE:
            made = ALONE[small]
        else:
            base, *marks = unicodedata.normalize("NFD", small)
            tone = next((m for m in marks if m in MARKS), "")
            if "\u0302" in marks:
                made = base + ROOF[tone]
            elif "\u0306" in marks:
                made = base + BOWL[tone]
            elif "\u031b" in marks:
                made = {"o": "ô", "u": "ö"}[base] + (MARKS[tone] if tone else "")
            else:
                made = base + (MARKS[tone] if tone else "")
        out += made.upper() if char != small else made
    return out


def in_tcvn3(text: str) -> str:
    """Write TCVN3 through the C library, whose table is not ours; what PDF readers then show."""
    if shutil.which("iconv") is None:
        pytest.skip("iconv is missing (package libc-bin), so nobody else knows TCVN here")
    ran = subprocess.run(
        ["iconv", "-f", "UTF-8", "-t", "TCVN"], input=text.encode(), capture_output=True, check=True
    )
    return ran.stdout.decode("latin-1")


def test_the_best_known_words_of_all() -> None:
    assert decoded("Céng hoµ x· héi chñ nghÜa ViÖt Nam", "tcvn3") == "Cộng hoà xã hội chủ nghĩa Việt Nam"
    assert decoded("§éc lËp - Tù do - H¹nh phóc", "tcvn3") == "Độc lập - Tự do - Hạnh phúc"
    assert decoded("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "vni") == "Cộng hòa xã hội chủ nghĩa Việt Nam"
    assert decoded("Ñoäc laäp - Töï do - Haïnh phuùc", "vni") == "Độc lập - Tự do - Hạnh phúc"
    assert decoded("COÄNG HOØA XAÕ HOÄI CHUÛ NGHÓA VIEÄT NAM", "vni") == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert decoded("quyÕt ®Þnh", "tcvn3-capitals") == "QUYẾT ĐỊNH"


@pytest.mark.parametrize("text", [*LETTERS, MOTTO, LAW])
def test_tcvn3_agrees_with_the_c_library(text: str) -> None:
    small = text if len(text) > 1 else f"t{text}"
    assert decoded(in_tcvn3(small), "tcvn3") == small


@pytest.mark.parametrize("text", [*LETTERS, *LETTERS.upper(), MOTTO, LAW, LAW.upper()])
def test_vni_comes_back(text: str) -> None:
    assert decoded(in_vni(text), "vni") == text


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("nh-ng ng-êi ®-îc", "nhưng người được"),
        ("T- liÖu", "Tư liệu"),
        ("§éc lËp - Tù do", "Độc lập - Tự do"),
        ("12-Q§/TU", "12-QĐ/TU"),
        ("kinh tÕ-x· héi", "kinh tế-xã hội"),
        ("2004-2009", "2004-2009"),
    ],
)
def test_the_letter_that_readers_take_for_a_hyphen(given: str, wanted: str) -> None:
    assert decoded(given, "tcvn3") == wanted


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (".VnTime", "tcvn3"), ("ABCDEF+.VnTime", "tcvn3"), (".VnTime-Bold", "tcvn3"), ("VnArial", "tcvn3"),
        (".VnTimeH", "tcvn3-capitals"), ("QWERTY+.VnArialH", "tcvn3-capitals"), (".VnTimeH,Bold", "tcvn3-capitals"),
        ("VNI-Times", "vni"), ("ABCDEF+VNI-Helve-Condense", "vni"), ("VNI Times", "vni"),
        ("TimesNewRomanPSMT", None), ("Vnese", None), ("Helvetica", None), ("", None), ("ABCDEF+VNTime", None),
    ],
)  # fmt: skip
def test_the_font_tells_the_code(name: str, code: str | None) -> None:
    assert code_of_font(name) == code


def test_text_without_a_telling_font_is_guessed_by_its_syllables() -> None:
    assert guessed_code(in_vni(LAW)) == "vni"
    assert guessed_code(in_tcvn3(LAW)) == "tcvn3"
    assert guessed_code(LAW) is None and vietnamese_share(LAW) == 1.0
    assert guessed_code("The quick brown fox jumps over the lazy dog") is None
    assert guessed_code("") is None and guessed_code("Céng") is None


def test_garbage_is_what_no_code_makes_vietnamese() -> None:
    assert is_garbage("Ğÿ¤þ Ħŧłø ¶¢ŋđ ßæŋ€ þøœ¢ ħıł¶ ðßđæ")
    for text in (
        LAW,
        in_vni(LAW),
        in_tcvn3(LAW),
        "",
        "12/QĐ-UBND",
        "An English letter of no great length at all",
    ):
        assert not is_garbage(text)


@given(st.text())
def test_nothing_breaks_and_ascii_stays(text: str) -> None:
    for code in ("tcvn3", "vni"):
        assert unicodedata.is_normalized("NFC", decoded(text, code))  # type: ignore[arg-type]
        plain = "".join(c for c in text if c.isascii() and c != "-")
        assert decoded(plain, code) == plain  # type: ignore[arg-type]
    is_garbage(text)
    guessed_code(text)
