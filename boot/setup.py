"""`vanthu init`, `migrate`, `account`, `token`: make a data folder ready and let people in."""

from boot.accounts import easy_password, first_accounts
from boot.house import House, open_house
from boot.settings import Settings
from boot.speak import Exit, emit, result, say
from boot.wiring import prepare
from records.access import LOCAL, Role
from records.errors import Away, Missing
from storage.accounts import Account
from storage.tables import open_tables


def init(settings: Settings, *, as_json: bool) -> Exit:
    """Make the data folder, demo keys, tables, empty index and the first accounts; safe to repeat."""
    prepare(settings)
    with open_house(settings) as house:
        made = first_accounts(house)
        _empty_index(house)
    if as_json:
        emit(
            {
                "data_dir": str(settings.data_dir),
                "accounts": [
                    {"login": m.login, "password": m.password, "roles": list(m.roles)} for m in made
                ],
            }
        )
        return Exit.WELL
    say(f"Thư mục dữ liệu: {settings.data_dir}")
    for new in made:
        result(f"{new.login:10} {new.password:40} {', '.join(new.roles)}")
    say(
        "Mật khẩu chỉ hiện một lần; hãy ghi lại. Khóa ký và dấu thời gian là loại DÙNG THỬ (DEMO), không có giá trị "
        "pháp lý."
        if made
        else "Đã khởi tạo từ trước; không có gì thay đổi."
    )
    return Exit.WELL


def _empty_index(house: House) -> None:
    """Make the index when there is none, so that a first search answers "nothing" and not "no index"."""
    try:
        house.index.probe()
    except Away as fault:
        if fault.code != "search-index-missing":
            raise
        house.index.commit()


def migrate(settings: Settings) -> Exit:
    """Bring the tables to this program's version."""
    tables = open_tables(settings.database.url, settings.database.password)
    try:
        tables.migrate()
        say(f"Cấu trúc dữ liệu: {tables.version()}")
    finally:
        tables.dispose()
    return Exit.WELL


def create_token(settings: Settings, login: str, label: str) -> Exit:
    """Make a bearer token for an account and print it once."""
    with open_house(settings) as house:
        account = _account(house, login)
        with house.work.begin() as tx:
            token = tx.tokens.create(account.id, label)
            tx.audit.append(LOCAL.id, "token-created", account.id, "done", {"label": label})
    result(token)
    return Exit.WELL


def add_account(settings: Settings, login: str, name: str, roles: tuple[str, ...]) -> Exit:
    """Add an account and print its password once."""
    password = easy_password()
    with open_house(settings) as house, house.work.begin() as tx:
        account = tx.accounts.add(login, name, password, {Role(r) for r in roles})
        tx.audit.append(LOCAL.id, "account-created", account.id, "done", {"login": login})
    result(f"{login} {password}")
    return Exit.WELL


def reset_password(settings: Settings, login: str) -> Exit:
    """Give an account a new password, end its sessions, print the password once."""
    password = easy_password()
    with open_house(settings) as house:
        account = _account(house, login)
        with house.work.begin() as tx:
            tx.accounts.set_password(account.id, password)
            tx.sessions.close_all(account.id)
            tx.audit.append(LOCAL.id, "password-reset", account.id, "done", {})
    result(f"{login} {password}")
    return Exit.WELL


def _account(house: House, login: str) -> Account:
    with house.work.reading() as tx:
        account = tx.accounts.by_login(login)
    if account is None:
        raise Missing(
            f"no account {login}", tell=f"Không có tài khoản {login}. Hãy kiểm tra lại tên đăng nhập."
        )
    return account
