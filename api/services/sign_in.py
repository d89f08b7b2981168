"""Let people in: throttled, audited, with a fresh session each time."""

import time

from api.deps import Desk
from api.errors import SlowDown, WrongPassword
from storage.accounts import Account
from storage.sessions import NewSession

_ADDRESS_FACTOR = 5  # an office behind one address gets more tries than one account


def sign_in(
    desk: Desk, login: str, password: str, address: str, old_session: str | None
) -> tuple[Account, NewSession]:
    """Return the account and its new session; a session the browser still had is closed.

    Raises `WrongPassword`, `SlowDown` (too many failures for this account and address, or for this address).
    """
    now = time.monotonic()
    tries = desk.tools.limits.login_tries
    person, place = f"{login.strip().lower()[:100]} {address}", f"* {address}"
    wait = max(
        desk.throttle.wait_for(person, tries, now),
        desk.throttle.wait_for(place, tries * _ADDRESS_FACTOR, now),
    )
    if wait:
        raise SlowDown(wait)
    work = desk.tools.work
    with work.reading() as tx:
        account = tx.accounts.check_password(login, password)
        known = account or tx.accounts.by_login(login)
    if account is None:
        desk.throttle.failed(person, now)
        desk.throttle.failed(place, now)
        with work.begin() as tx:  # the typed login is not kept: people type passwords there by mistake
            tx.audit.append(
                known.id if known else "anonymous", "signed-in", "", "denied", {"address": address}
            )
        raise WrongPassword
    desk.throttle.succeeded(person)
    with work.begin() as tx:
        if old_session:
            tx.sessions.close(old_session)
        session = tx.sessions.open(account.id)
        tx.audit.append(account.id, "signed-in", account.id, "done", {"address": address})
    return account, session


def confirm(desk: Desk, account_id: str, password: str, address: str) -> None:
    """Return when this is the account's password: whoever sits at the browser means what comes next, and is who signs.

    Raises `WrongPassword`, `SlowDown`, as signing in; failures of both count together.
    """
    now = time.monotonic()
    with desk.tools.work.reading() as tx:
        login = tx.accounts.get(account_id).login
    person = f"{login} {address}"
    wait = desk.throttle.wait_for(person, desk.tools.limits.login_tries, now)
    if wait:
        raise SlowDown(wait)
    with desk.tools.work.reading() as tx:
        account = tx.accounts.check_password(login, password)
    if account is None or account.id != account_id:
        desk.throttle.failed(person, now)
        with desk.tools.work.begin() as tx:
            tx.audit.append(account_id, "signing-confirmed", account_id, "denied", {"address": address})
        raise WrongPassword
    desk.throttle.succeeded(person)


def sign_out(desk: Desk, actor_id: str, session: str) -> None:
    """Close the session for good."""
    with desk.tools.work.begin() as tx:
        tx.sessions.close(session)
        tx.audit.append(actor_id, "signed-out", actor_id, "done", {})
