"""Signing in and out: cookies, CSRF, throttling, and what the log remembers of it."""

from collections.abc import Callable

from api.throttle import Throttle
from api.tools import Limits
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import PASSWORD

API = "/api/v1"
RIGHT = {"login": "archivist", "password": PASSWORD}


def test_signing_in_sets_a_guarded_cookie_and_tells_who(house: House) -> None:
    client = house.client()
    answer = client.post(f"{API}/sessions", json=RIGHT)
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("vanthu=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert answer.json()["roles"] == ["archivist"]
    assert client.get(f"{API}/me").json()["csrf"] == answer.json()["csrf"]


def test_behind_https_the_cookie_is_bound_to_the_host(make_house: Callable[..., House]) -> None:
    answer = make_house(secure_cookies=True).client().post(f"{API}/sessions", json=RIGHT)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-vanthu=") and "Secure" in cookie and "Domain" not in cookie
    assert "strict-transport-security" in answer.headers


def test_the_session_is_over_after_signing_out(house: House) -> None:
    browser = house.browser("archivist")
    kept = dict(browser.cookies)
    assert browser.delete(f"{API}/sessions/current").status_code == 204
    again = house.client()
    again.cookies.update(kept)
    assert again.get(f"{API}/me").status_code == 401


def test_a_new_log_in_ends_the_old_session(house: House) -> None:
    browser = house.browser("archivist")
    old = dict(browser.cookies)
    browser.post(f"{API}/sessions", json=RIGHT)
    thief = house.client()
    thief.cookies.update(old)
    assert thief.get(f"{API}/me").status_code == 401
    assert browser.get(f"{API}/me").status_code == 200


def test_wrong_login_and_wrong_password_look_the_same(house: House) -> None:
    client = house.client()
    answers = [
        client.post(f"{API}/sessions", json={"login": login, "password": "sai mật khẩu"})
        for login in ("archivist", "nobody-here")
    ]
    assert {a.status_code for a in answers} == {401}
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "wrong-password"


def test_password_typed_in_decomposed_letters_is_the_same(house: House) -> None:
    import unicodedata

    decomposed = {"login": "Archivist", "password": unicodedata.normalize("NFD", PASSWORD)}
    assert house.client().post(f"{API}/sessions", json=decomposed).status_code == 201


def test_guessing_is_slowed_down_with_a_time(make_house: Callable[..., House]) -> None:
    client = make_house(Limits(login_tries=3)).client()
    wrong = {"login": "archivist", "password": "wrong"}
    assert [client.post(f"{API}/sessions", json=wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
    answer = client.post(f"{API}/sessions", json=RIGHT)
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
    assert answer.json()["code"] == "too-many-tries"
    assert client.post(f"{API}/sessions", json={**RIGHT, "login": "reader"}).status_code == 201


def test_the_window_passes_by_itself() -> None:
    throttle = Throttle(seconds=10)
    for at in (0, 1, 2):
        throttle.failed("who", at)
    assert throttle.wait_for("who", 3, 3) == 8
    assert throttle.wait_for("who", 3, 10.5) == 0
    assert throttle.wait_for("someone else", 3, 3) == 0


def test_log_ins_are_written_down_without_what_was_typed(house: House) -> None:
    client = house.client()
    client.post(f"{API}/sessions", json={"login": "mật khẩu gõ nhầm ô", "password": "x"})
    client.post(f"{API}/sessions", json=RIGHT)
    events = house.events("signed-in")
    assert ("anonymous", "", "denied") in events
    archivist = house.seeded.accounts["archivist"]
    assert (archivist, archivist, "done") in events


def test_a_browser_must_prove_it_meant_it(house: House) -> None:
    browser = house.browser("archivist")
    token = browser.headers.pop("X-CSRF-Token")
    body = {"title": "Hộp 13"}
    assert browser.post(f"{API}/batches", json=body).json()["code"] == "csrf-failed"
    assert browser.post(f"{API}/batches", json=body, headers={"X-CSRF-Token": "x" * 64}).status_code == 403
    good = {"X-CSRF-Token": token}
    for elsewhere in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post(f"{API}/batches", json=body, headers=good | elsewhere).status_code == 403
    assert (
        browser.post(f"{API}/batches", json=body, headers=good | {"Origin": "http://vanthu.test"}).status_code
        == 201
    )


def test_only_uploads_may_bring_the_token_as_a_field(house: House) -> None:
    browser = house.browser("archivist")
    del browser.headers["X-CSRF-Token"]
    multipart = {"content-type": "multipart/form-data; boundary=b"}
    answer = browser.post(
        f"{API}/batches/{house.seeded.ids['batch']}/start", content=b"--b--", headers=multipart
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf-failed")


def test_another_site_cannot_sign_a_browser_in(house: House) -> None:
    evil = {"Sec-Fetch-Site": "cross-site"}
    assert house.client().post(f"{API}/sessions", json=RIGHT, headers=evil).status_code == 403
    assert house.client().post("/sign-in", data=RIGHT, headers=evil).status_code == 403


def test_bearer_tokens_need_no_csrf_and_stop_with_their_account(house: House) -> None:
    program = house.client("archivist")
    assert program.post(f"{API}/batches", json={"title": "máy quét 2"}).status_code == 201
    admin = house.client("administrator")
    account = house.seeded.accounts["archivist"]
    assert admin.patch(f"{API}/accounts/{account}", json={"active": False}).json()["active"] is False
    assert program.get(f"{API}/me").status_code == 401


def test_an_administrator_cannot_lock_himself_out(house: House) -> None:
    admin = house.client("administrator")
    answer = admin.patch(f"{API}/accounts/{house.seeded.accounts['administrator']}", json={"active": False})
    assert (answer.status_code, answer.json()["code"]) == (409, "own-account")


def test_a_made_up_password_is_told_once_and_works(house: House) -> None:
    admin = house.client("administrator")
    made = admin.post(f"{API}/accounts", json={"login": "van.thu", "name": "Văn thư", "roles": ["reader"]})
    assert made.status_code == 201
    password = made.json()["password"]
    assert (
        house.client().post(f"{API}/sessions", json={"login": "van.thu", "password": password}).status_code
        == 201
    )
    assert all(account["password"] is None for account in admin.get(f"{API}/accounts").json())
    assert (
        admin.post(f"{API}/accounts", json={"login": "Van.Thu", "name": "x", "roles": ["reader"]}).status_code
        == 409
    )


def test_the_form_signs_in_and_leads_only_into_this_site(house: House) -> None:
    client = house.client(follow_redirects=False)
    for asked, led in (
        ("/documents?number=1", "/documents?number=1"),
        ("//evil.test", "/"),
        ("https://evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
    ):
        answer = client.post("/sign-in", data={**RIGHT, "next": asked})
        assert (answer.status_code, answer.headers["location"]) == (303, led)
    wrong = client.post("/sign-in", data={"login": "archivist", "password": "sai"})
    assert wrong.status_code == 401 and "không đúng" in wrong.text
