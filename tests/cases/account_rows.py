"""Accounts, sessions and tokens: who gets in, for how long, and what is never kept."""

import unicodedata

import pytest
from argon2 import PasswordHasher

from records.access import Role
from records.errors import Conflict, Missing, Unfit
from storage import accounts as door
from storage.accounts import Account
from storage.sessions import IDLE, OLDEST
from storage.work import Work
from tests.cases.database import Database

PASSWORD = "mật khẩu đủ dài"


def _kept_hash(database: Database) -> str:
    return str(database.ask("SELECT password_hash FROM accounts")[0][0])


class AccountRowCases:
    """What the accounts must do on every database."""

    @pytest.fixture(autouse=True)
    def _cheap_hash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The real function with small parameters: the tests are about rules, not about memory."""
        monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        door._nobody.cache_clear()

    @pytest.fixture
    def account(self, work: Work) -> Account:
        with work.begin() as tx:
            return tx.accounts.add("Lan.Anh", "Nguyễn Lan Anh", PASSWORD, [Role.READER, Role.ARCHIVIST])

    def test_account_comes_back(self, work: Work, account: Account) -> None:
        assert account.login == "lan.anh"
        assert account.actor().roles == {Role.READER, Role.ARCHIVIST}
        with work.reading() as tx:
            assert tx.accounts.get(account.id) == account
            assert tx.accounts.by_login(" LAN.anh ") == account
            assert tx.accounts.list() == [account]
            assert tx.accounts.by_login("ai") is None
            with pytest.raises(Missing):
                tx.accounts.get("nobody")

    def test_password(self, work: Work, account: Account) -> None:
        with work.reading() as tx:
            assert tx.accounts.check_password("Lan.Anh", PASSWORD) == account
            assert tx.accounts.check_password("lan.anh", unicodedata.normalize("NFD", PASSWORD)) == account
            for login, password in [
                ("lan.anh", PASSWORD + " "),
                ("lan.anh", ""),
                ("lan.anh", "x" * 100_000),
                ("lan.anh", "\ud800\x00"),
                ("ai", PASSWORD),
                ("\ud800\x00", PASSWORD),
                ("' OR 1=1 --", PASSWORD),
            ]:
                assert tx.accounts.check_password(login, password) is None

    def test_unknown_login_costs_a_hash_too(self, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        real = door.HASHER

        class Counting:
            def verify(self, kept: str, password: bytes) -> bool:
                asked.append(kept)
                return real.verify(kept, password)

            def hash(self, password: bytes | str) -> str:
                return real.hash(password)

        monkeypatch.setattr(door, "HASHER", Counting())
        with work.reading() as tx:
            assert tx.accounts.check_password("nobody", PASSWORD) is None
        assert len(asked) == 1
        assert asked[0].startswith("$argon2id$")

    def test_old_hash_is_renewed_in_a_writing_transaction(
        self, work: Work, account: Account, monkeypatch: pytest.MonkeyPatch, database: Database
    ) -> None:
        monkeypatch.setattr(door, "HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
        with work.reading() as tx:
            assert tx.accounts.check_password(account.login, PASSWORD)
        assert "t=1" in _kept_hash(database)
        with work.begin() as tx:
            assert tx.accounts.check_password(account.login, PASSWORD)
        assert "t=2" in _kept_hash(database)
        with work.reading() as tx:
            assert tx.accounts.check_password(account.login, PASSWORD)

    def test_damaged_hash_lets_nobody_in(self, work: Work, account: Account, database: Database) -> None:
        database.ask("UPDATE accounts SET password_hash = 'x'")
        with work.reading() as tx:
            assert tx.accounts.check_password(account.login, PASSWORD) is None

    @pytest.mark.parametrize("login", ["", "a", "-a", "có dấu", "a b", "a" * 65, "a\x00b", "../a", "a;b"])
    def test_refused_logins(self, work: Work, login: str) -> None:
        with work.begin() as tx, pytest.raises(Unfit) as fault:
            tx.accounts.add(login, "x", PASSWORD, [])
        assert fault.value.code == "login-invalid"
        assert fault.value.tell

    @pytest.mark.parametrize("password", ["", "bảy chữ", "x" * 257])
    def test_refused_passwords(self, work: Work, account: Account, password: str) -> None:
        with work.begin() as tx, pytest.raises(Unfit) as fault:
            tx.accounts.set_password(account.id, password)
        assert fault.value.code == "password-length"

    def test_login_is_taken_once(self, work: Work, account: Account) -> None:
        with work.begin() as tx, pytest.raises(Conflict) as fault:
            tx.accounts.add("LAN.ANH", "x", PASSWORD, [])
        assert fault.value.code == "login-taken"

    def test_roles_change_in_an_open_session(self, work: Work, account: Account) -> None:
        with work.begin() as tx:
            token = tx.sessions.open(account.id).token
            tx.accounts.set_roles(account.id, [Role.ADMINISTRATOR])
            found = tx.sessions.find(token)
        assert found is not None
        assert found.account.roles == {Role.ADMINISTRATOR}

    def test_inactive_account_is_out_at_once(self, work: Work, account: Account) -> None:
        with work.begin() as tx:
            session, token = tx.sessions.open(account.id), tx.tokens.create(account.id, "máy quét")
        with work.begin() as tx:
            tx.accounts.set_active(account.id, active=False)
        with work.reading() as tx:
            assert tx.sessions.find(session.token) is None
            assert tx.tokens.find(token) is None
            assert tx.accounts.check_password(account.login, PASSWORD) is None
        with work.begin() as tx:
            tx.accounts.set_active(account.id, active=True)
            assert tx.sessions.find(session.token) is None
            assert tx.tokens.find(token) is not None

    def test_new_password_ends_sessions(self, work: Work, account: Account) -> None:
        with work.begin() as tx:
            session = tx.sessions.open(account.id)
            tx.accounts.set_password(account.id, "mật khẩu mới hơn")
            assert tx.sessions.find(session.token) is None
            assert tx.accounts.check_password(account.login, PASSWORD) is None
            assert tx.accounts.check_password(account.login, "mật khẩu mới hơn")

    def test_changes_to_nobody(self, work: Work) -> None:
        with work.begin() as tx:
            for change in (
                lambda: tx.accounts.set_active("x", active=True),
                lambda: tx.accounts.set_roles("x", []),
                lambda: tx.accounts.set_password("x", PASSWORD),
                lambda: tx.tokens.revoke("x"),
            ):
                with pytest.raises(Missing):
                    change()

    def test_session_rests_and_ages(self, work: Work, account: Account, clock) -> None:
        with work.begin() as tx:
            new = tx.sessions.open(account.id)
        with work.reading() as tx:
            found = tx.sessions.find(new.token)
            assert found is not None
            assert (found.account, found.csrf, found.touch_due) == (account, new.csrf, False)
            assert tx.sessions.find(new.csrf) is None
            assert tx.sessions.find("") is None
            assert tx.sessions.find("\ud800") is None
        clock.turn(minutes=59)
        with work.reading() as tx:
            found = tx.sessions.find(new.token)
            assert found is not None
            assert found.touch_due
        with work.begin() as tx:
            found = tx.sessions.find(new.token)
            assert found is not None
            assert not found.touch_due
        clock.at += IDLE
        with work.begin() as tx:
            assert tx.sessions.find(new.token) is None
            busy = tx.sessions.open(account.id).token
        for _ in range(int(OLDEST.total_seconds() // 1800) - 1):
            clock.turn(minutes=30)
            with work.begin() as tx:
                assert tx.sessions.find(busy)
        clock.turn(minutes=30)
        with work.begin() as tx:
            assert tx.sessions.find(busy) is None

    def test_sessions_close(self, work: Work, account: Account) -> None:
        with work.begin() as tx:
            one, two = tx.sessions.open(account.id).token, tx.sessions.open(account.id).token
            tx.sessions.close(one)
            tx.sessions.close("unknown")
            assert tx.sessions.find(one) is None
            assert tx.sessions.find(two)
            tx.sessions.close_all(account.id)
            assert tx.sessions.find(two) is None

    def test_tokens(self, work: Work, account: Account, clock) -> None:
        with work.begin() as tx:
            token = tx.tokens.create(account.id, "máy quét tầng 2")
            assert token.startswith("vt_")
            assert tx.tokens.find(token) == account
            assert tx.tokens.find(token + "x") is None
            (info,) = tx.tokens.list(account.id)
            assert (info.label, info.revoked_at) == ("máy quét tầng 2", None)
            tx.tokens.revoke(info.id)
            first = clock.now()
            clock.turn(hours=1)
            tx.tokens.revoke(info.id)
            assert tx.tokens.find(token) is None
            assert tx.tokens.list(account.id)[0].revoked_at == first

    def test_no_secret_rests_in_the_database(self, work: Work, account: Account, database: Database) -> None:
        with work.begin() as tx:
            session, token = tx.sessions.open(account.id), tx.tokens.create(account.id, "x")
        kept = database.kept()
        assert account.login.encode() in kept
        for secret in (session.token, session.csrf, token, PASSWORD):
            assert secret.encode() not in kept
