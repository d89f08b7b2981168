"""The web folder keeps its promises: words complete, scripts as built, vendored files as recorded, CSP-clean pages."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from api.i18n import LANGUAGES, WEB, catalogue, choose_language, day, number, size
from tests.unit.api.api_house import House

TEMPLATES = sorted((WEB / "templates").glob("*.html"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_sentence_exists_in_both_languages_with_the_same_places() -> None:
    for key, sentence in catalogue().items():
        assert set(sentence) == set(LANGUAGES) and all(sentence.values()), key
        places = {language: set(re.findall(r"\{(\w+)\}", sentence[language])) for language in LANGUAGES}
        assert places["vi"] == places["en"], key


def test_templates_use_only_known_sentences_and_all_are_used() -> None:
    text = "".join(path.read_text() for path in TEMPLATES)
    named = set(re.findall(r"""\bt\(\s*["']([a-z_]+\.[A-Za-z_0-9]+)["']\s*[,)]""", text))
    assert named - set(catalogue()) == set()
    beginnings = set(re.findall(r"""["']([a-z_]+\.[a-z_]*)["']\s*~""", text))
    both = re.findall(r"""t\("([a-z_.]+)" if [^)]*? else "([a-z_.]+)\"""", text)
    code = "".join(path.read_text() for path in (WEB.parent / "api").rglob("*.py"))
    beginnings |= set(re.findall(r"""\bf["']([a-z_]+\.[a-z_]+)\{""", code))
    used = named | {key for pair in both for key in pair}
    idle = [k for k in catalogue() if k not in used and not any(k.startswith(b) for b in beginnings)]
    assert [k for k in idle if k not in text and f'"{k}"' not in code] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_keep_to_the_strict_policy(path: Path) -> None:
    text = path.read_text()
    assert not re.search(
        r"\sstyle=|\son[a-z]+=|javascript:|<style|\|safe(?!\s+if)", text.replace("'|safe if", "'")
    )
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"https?://", text), "everything comes from this server"
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, flags=re.DOTALL):
        assert "csrf" in form, form[:120]


def test_built_scripts_are_the_recorded_ones() -> None:
    built = WEB / "assets" / "build"
    recorded = dict(reversed(line.split()) for line in (built / "manifest.sha256").read_text().splitlines())
    assert {p.name: sha256(p) for p in built.glob("*.js")} == recorded
    assert {f"{p.stem}.js" for p in (WEB / "islands").glob("*.ts")} - {"api.js"} == set(recorded)


def test_vendored_files_are_the_recorded_ones() -> None:
    readme = (WEB / "assets" / "README.md").read_text()
    vendored = [p for p in (WEB / "assets" / "vendor").rglob("*") if p.is_file()]
    assert vendored
    for path in vendored:
        assert sha256(path) in readme, path.name


def test_locked_tools_name_no_address() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert not (WEB / ".npmrc").exists()


@pytest.mark.parametrize(
    ("asked", "cookie", "accept", "language"),
    [
        (None, None, None, "vi"),
        (None, None, "en-GB,en;q=0.9", "en"),
        (None, None, "fr, en", "vi"),
        (None, "vi", "en", "vi"),
        ("en", "vi", None, "en"),
        ("xx", "yy", "vi-VN", "vi"),
    ],
)
def test_the_language_is_chosen_by_wish_cookie_browser(
    asked: str | None, cookie: str | None, accept: str | None, language: str
) -> None:
    assert choose_language(asked, cookie, accept) == language


def test_numbers_and_dates_are_written_as_here() -> None:
    assert number(1234567.5, 1) == "1.234.567,5"
    assert day("2025-07-09") == "09/07/2025" and day("tháng 7") == "tháng 7"
    assert [size(n) for n in (0, 999, 3_800_000, 250_000_000, 2_100_000_000)] == [
        "0 B", "999 B", "3,8 MB", "250 MB", "2,1 GB",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_for_whom_it_is_meant(house: House, language: str) -> None:
    ids = house.seeded.ids
    pages = {
        "archivist": [
            "/", "/search", "/search?q=chuyen sinh hoat", "/search?q=zzzzqqq", "/documents", "/documents?state=refused",
            f"/documents/{ids['letter']}", f"/documents/{ids['letter']}?page=2&q=đảng viên",
            f"/documents/{ids['secret']}", f"/documents/{ids['refused']}?page=99", "/batches",
            f"/batches/{ids['batch']}", "/verify",
        ],
        "reader": ["/", "/search?q=1593-CV/TU", "/documents?number=1593&year=x&type=17"],
        "administrator": ["/", "/verify", "/accounts"],
    }  # fmt: skip
    for role, addresses in pages.items():
        client = house.client(role)
        client.cookies.set("vanthu_lang", language)
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.text[:300])
            assert f'<html lang="{language}"' in answer.text
            assert answer.headers["cache-control"] == "no-store"


def test_hits_are_drawn_on_the_upright_page(house: House) -> None:
    page = house.client("reader").get(f"/documents/{house.seeded.ids['letter']}?page=2&q=chi bộ nơi").text
    overlay = page[page.index('class="overlay"') :]
    overlay = overlay[: overlay.index("</svg>")]
    assert 'viewBox="0 0 1240 1754"' in overlay and overlay.count("<rect") >= 1
    assert "<mark>chi bộ nơi</mark>" in page


def test_preferences_stay_in_the_browser(house: House) -> None:
    browser = house.browser("reader")
    answer = browser.post("/preferences", data={"theme": "dark", "lang": "en", "back": "/verify"})
    assert (
        answer.status_code == 200 and 'data-theme="dark"' in answer.text and '<html lang="en"' in answer.text
    )
    answer = browser.post("/preferences", data={"theme": "auto", "back": "//evil.test"})
    assert answer.url.path == "/" and "data-theme" not in answer.text


def test_the_verify_form_shows_the_verdict_in_words(house: House, plain_pdf: bytes) -> None:
    browser = house.browser("administrator")
    csrf = {"csrf": browser.headers.pop("X-CSRF-Token")}
    page = browser.post("/verify", data=csrf, files={"file": ("a.pdf", plain_pdf)})
    assert page.status_code == 200 and 'data-verdict="UNSIGNED"' in page.text
    page = browser.post("/verify", data=csrf, files={"file": ("a.pdf", b"x")})
    assert page.status_code == 415 and "không phải PDF" in page.text
    assert browser.post("/verify", files={"file": ("a.pdf", plain_pdf)}).status_code == 403


def test_accounts_are_made_and_closed_by_form(house: House) -> None:
    browser = house.browser("administrator")
    csrf = {"csrf": browser.headers.pop("X-CSRF-Token")}
    page = browser.post(
        "/accounts", data={**csrf, "login": "moi", "name": "Người mới", "roles": ["reader", "root"]}
    )
    assert page.status_code == 200 and 'data-testid="new-password"' in page.text
    assert browser.post("/accounts", data={**csrf, "login": "x", "name": "", "roles": []}).status_code == 422
    reader = house.seeded.accounts["reader"]
    assert browser.post(f"/accounts/{reader}/disable", data=csrf).status_code == 200
    assert house.client("reader").get("/api/v1/me").status_code == 401
