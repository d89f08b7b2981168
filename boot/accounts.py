"""First accounts and demo log-ins: made once, their passwords shown once."""

import os
import secrets
from dataclasses import dataclass

from boot.house import House
from records.access import LOCAL, Role

_WORDS = (
    "sen tre lua mai dao que cam buoi song nui bien may gio nang mua xuan ha thu dong trang sao bac vang ngoc gom "
    "lua giay muc but nghien trong chieng khen sao ken dan"
).split()


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A log-in to be shown once."""

    login: str
    password: str
    roles: tuple[str, ...]


DEMO = (
    ("quantri", "Quản trị viên", frozenset({Role.ADMINISTRATOR})),
    ("luutru", "Cán bộ lưu trữ (dùng thử)", frozenset({Role.ARCHIVIST, Role.READER})),
    ("lanhdao", "Người ký (dùng thử)", frozenset({Role.OFFICIAL, Role.READER})),
    ("vanthu", "Văn thư (dùng thử)", frozenset({Role.CLERK, Role.READER})),
    ("baomat", "Cán bộ bảo mật (dùng thử)", frozenset({Role.SECRECY_OFFICER})),
    ("docgia", "Người đọc (dùng thử)", frozenset({Role.READER})),
)


def first_accounts(house: House) -> list[NewLogin]:
    """Make the administrator and the demo accounts that are not there yet; return only those just made."""
    made: list[NewLogin] = []
    with house.work.begin() as tx:
        for login, name, roles in DEMO:
            if tx.accounts.by_login(login) is not None:
                continue
            password = easy_password()
            account = tx.accounts.add(login, name, password, roles)
            tx.audit.append(LOCAL.id, "account-created", account.id, "done", {"login": login})
            made.append(NewLogin(login, password, tuple(sorted(r.value for r in roles))))
        # before the commit: an account whose password nobody saw would be of no use
        _keep_demo_logins(house, made)
    return made


def _keep_demo_logins(house: House, made: list[NewLogin]) -> None:
    """Keep the demo log-ins for their owner alone (mode 0600) beside the data, so that `make run` can show them."""
    path = house.settings.data_dir / "demo-logins.txt"
    lines = [f"{m.login:10} {m.password:40} {', '.join(m.roles)}" for m in made]
    with open(path, "a", encoding="utf-8", opener=lambda p, flags: os.open(p, flags, 0o600)) as out:
        out.writelines(line + "\n" for line in lines)


def easy_password() -> str:
    """Return a password of four words and six digits: easy to copy by hand, about 40 bits against guessing."""
    return "-".join(secrets.choice(_WORDS) for _ in range(4)) + f"-{secrets.randbelow(10**6):06d}"
