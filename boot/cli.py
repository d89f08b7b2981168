"""The command `vanthu`: what each word does is in the file named after it; this one only reads the words.

Heavy imports wait until a command needs them, so that `vanthu --help` answers at once and children start fast.
"""

from pathlib import Path
from typing import Any

import click

from boot.arenas import bound_arenas
from boot.cli_arrange import arrange_group, rescan_group
from boot.cli_batch import batch_group
from boot.cli_context import settings_of
from boot.cli_held import held_group
from boot.cli_people import members_group, units_group
from boot.cli_renewal import complete_command, provable_command, renew_command
from boot.cli_review import review_group
from boot.cli_separators import separators_command
from boot.cli_ways_in import InputType, upload_command, watch_command
from boot.settings import load_settings
from boot.speak import Exit, complain, say
from boot.version import VERSION
from records.errors import ArchiveFault

_PATHS = click.Path(path_type=Path)
_EXISTING = click.Path(path_type=Path, exists=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="vanthu")
@click.option(
    "--data-dir", type=_PATHS, default=None, help="Thư mục dữ liệu (mặc định VANTHU_DATA_DIR hoặc ./data)."
)
@click.pass_context
def main(context: click.Context, data_dir: Path | None) -> None:
    """Vanthu: số hóa, lưu trữ và ký số tài liệu của cơ quan, tổ chức."""
    bound_arenas()
    context.obj = lambda: load_settings(data_dir)


@main.command("init")
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON.")
@click.pass_context
def init_command(context: click.Context, as_json: bool) -> int:
    """Tạo thư mục dữ liệu, khóa dùng thử và tài khoản đầu tiên."""
    from boot.setup import init

    return init(settings_of(context), as_json=as_json)


@main.command("digitize")
@click.argument("inputs", nargs=-1, required=True, type=InputType())
@click.option("--dossier", default="", help="Mã hồ sơ mà các tài liệu thuộc về.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Danh mục bàn giao (CSV hoặc XLSX).",
)
@click.option("--out", type=_PATHS, help="Chép các tệp PDF/A đã ký vào thư mục này.")
@click.option("--again", is_flag=True, help="Tạo tài liệu mới dù đã có.")
@click.option("--arrange", is_flag=True, help="Dừng lại để người sắp xếp trang trước khi nhận dạng.")
@click.option("--json", "as_json", is_flag=True, help="Mỗi tài liệu một dòng JSON.")
@click.pass_context
def digitize_command(
    context: click.Context,
    inputs: tuple[Path | str, ...],
    dossier: str,
    manifest: Path | None,
    out: Path | None,
    again: bool,
    arrange: bool,
    as_json: bool,
) -> int:
    """Số hóa tệp quét, thư mục, tệp ZIP hoặc kho S3 (s3://…): nhận dạng, tạo PDF/A, ký số, lưu trữ, lập chỉ mục."""
    from boot.digitize import Wish, digitize

    return digitize(settings_of(context), Wish(inputs, dossier, manifest, out, again, as_json, arrange))


@main.command("ocr")
@click.argument("inputs", nargs=-1, required=True, type=_EXISTING)
@click.option("--out", type=_PATHS, required=True, help="Thư mục ghi kết quả.")
@click.option("--no-pdf", is_flag=True, help="Chỉ ghi văn bản và JSON.")
@click.pass_context
def ocr_command(context: click.Context, inputs: tuple[Path, ...], out: Path, no_pdf: bool) -> int:
    """Chỉ nhận dạng chữ, không dùng cơ sở dữ liệu."""
    from boot.reading import read_files

    return read_files(settings_of(context), inputs, out, with_pdf=not no_pdf)


@main.command("search")
@click.argument("query")
@click.option("--limit", default=20, type=click.IntRange(1, 1000), help="Số kết quả nhiều nhất.")
@click.option("--exact", is_flag=True, help="Bỏ các kết quả chỉ gần đúng.")
@click.option(
    "--type", "types", multiple=True, metavar="MÃ", help="Mã loại văn bản (TT 05/2025), lặp lại được."
)
@click.option("--year", "years", multiple=True, type=click.IntRange(1000, 9999), help="Năm ban hành.")
@click.option("--issuer", "issuers", multiple=True, help="Cơ quan ban hành, như trên trang tìm kiếm.")
@click.option("--json", "as_json", is_flag=True, help="Mỗi kết quả một dòng JSON.")
@click.pass_context
def search_command(
    context: click.Context,
    query: str,
    limit: int,
    exact: bool,
    types: tuple[str, ...],
    years: tuple[int, ...],
    issuers: tuple[str, ...],
    as_json: bool,
) -> int:
    """Tìm trong kho theo số hiệu hoặc cụm từ, có dấu hay không dấu."""
    from boot.finding import find
    from search.asked import Asked
    from search.filters import Filters, issuer_value

    narrowed = Filters(issuer=tuple(map(issuer_value, issuers)), type=types, year=years)
    return find(settings_of(context), Asked(query, narrowed, exact), limit, as_json=as_json)


@main.command("show")
@click.argument("document")
@click.option("--text", "with_text", is_flag=True, help="In cả văn bản đã nhận dạng.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def show_command(context: click.Context, document: str, with_text: bool, as_json: bool) -> int:
    """Xem một tài liệu (mã đầy đủ hoặc ít nhất 6 ký tự đầu)."""
    from boot.finding import show

    return show(settings_of(context), document, with_text=with_text, as_json=as_json)


@main.command("access-copy")
@click.argument("document")
@click.option("--out", type=_PATHS, required=True, help="Tệp PDF sẽ ghi.")
@click.pass_context
def access_copy_command(context: click.Context, document: str, out: Path) -> int:
    """Lập bản truy cập: PDF/A nhẹ để xem, không có chữ ký, không thay bản gốc."""
    from boot.copying import small_copy

    return small_copy(settings_of(context), document, out)


@main.command("sign")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=_PATHS, required=True, help="Tệp PDF đã ký.")
@click.option("--profile", type=click.Choice(["archive", "official", "seal", "annex", "copy"]), required=True)
@click.option("--key", default=None, help="Tên khóa ký.")
@click.pass_context
def sign_command(context: click.Context, source: Path, out: Path, profile: str, key: str | None) -> int:
    """Ký số một tệp PDF."""
    from boot.sealing import sign

    return sign(settings_of(context), source, out, profile, key)


@main.command("verify")
@click.argument("files", nargs=-1, required=True, type=_EXISTING)
@click.option("--trust", "roots", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Mỗi tệp một dòng JSON.")
@click.pass_context
def verify_command(
    context: click.Context, files: tuple[Path, ...], roots: tuple[Path, ...], as_json: bool
) -> int:
    """Kiểm tra chữ ký số; mã thoát 0 chỉ khi mọi tệp đều hợp lệ."""
    from boot.sealing import verify

    return verify(settings_of(context), files, roots, as_json=as_json)


@main.command("serve")
@click.option("--host", default=None, help="Địa chỉ lắng nghe (mặc định 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Cổng (mặc định 8000).")
@click.pass_context
def serve_command(context: click.Context, host: str | None, port: int | None) -> int:
    """Chạy dịch vụ web và bộ máy xử lý."""
    from boot.serving import serve

    return serve(settings_of(context), host, port)


@main.command("worker")
@click.option(
    "--queues",
    default="",
    help="Việc mà máy này làm được, cách nhau bằng dấu phẩy: documents,pages,sign,index (mặc định tất cả).",
)
@click.pass_context
def worker_command(context: click.Context, queues: str) -> int:
    """Chạy một tiến trình xử lý (nhiều máy cùng làm khi dùng PostgreSQL)."""
    from boot.working import work
    from jobs.walk import SERVICES

    asked = tuple(dict.fromkeys(part.strip() for part in queues.split(",") if part.strip()))
    unknown = [name for name in asked if name not in SERVICES]
    if unknown:
        raise click.BadParameter(f"không có việc {', '.join(unknown)}; hãy chọn trong {', '.join(SERVICES)}")
    return work(settings_of(context), asked)


@main.command("migrate")
@click.pass_context
def migrate_command(context: click.Context) -> int:
    """Nâng cấp cấu trúc dữ liệu lên phiên bản của chương trình."""
    from boot.setup import migrate

    return migrate(settings_of(context))


@main.command("reindex")
@click.pass_context
def reindex_command(context: click.Context) -> int:
    """Dựng lại chỉ mục tìm kiếm từ cơ sở dữ liệu."""
    from boot.finding import reindex

    return reindex(settings_of(context))


@main.command("doctor")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def doctor_command(context: click.Context, as_json: bool) -> int:
    """Kiểm tra máy này còn thiếu gì và cách cài."""
    from boot.doctor import doctor

    return doctor(settings_of(context), as_json=as_json)


@main.group("audit")
def audit_group() -> None:
    """Nhật ký không sửa được."""


@audit_group.command("verify")
@click.option(
    "--head",
    "heads",
    multiple=True,
    type=_EXISTING,
    help="Đầu nhật ký đã cất trước (tệp .note, JSON hoặc thư mục).",
)
@click.option(
    "--key", "keys", multiple=True, help="Khóa kiểm tra (vanthu audit key), mặc định khóa của kho này."
)
@click.option("--segments", type=_EXISTING, default=None, help="Thư mục các đoạn nhật ký đã xuất.")
@click.option("--json", "as_json", is_flag=True, help="In một đối tượng JSON.")
@click.pass_context
def audit_verify_command(
    context: click.Context,
    heads: tuple[Path, ...],
    keys: tuple[str, ...],
    segments: Path | None,
    as_json: bool,
) -> int:
    """Kiểm tra toàn bộ chuỗi nhật ký bằng chương trình độc lập."""
    from boot.auditing import verify_log

    return verify_log(settings_of(context), heads, keys, segments, as_json=as_json)


@audit_group.command("head")
@click.pass_context
def audit_head_command(context: click.Context) -> int:
    """Ký và in đầu nhật ký hiện tại để cất ở nơi khác."""
    from boot.auditing import print_head

    return print_head(settings_of(context))


@audit_group.command("key")
@click.pass_context
def audit_key_command(context: click.Context) -> int:
    """In khóa công khai dùng để kiểm tra đầu nhật ký."""
    from boot.auditing import print_key

    return print_key(settings_of(context))


@audit_group.command("prove")
@click.argument("seq", type=click.IntRange(1))
@click.pass_context
def audit_prove_command(context: click.Context, seq: int) -> int:
    """In bằng chứng một sự kiện nằm trong nhật ký (RFC 9162)."""
    from boot.auditing import prove_event

    return prove_event(settings_of(context), seq)


@audit_group.command("consistency")
@click.argument("old", type=click.IntRange(0))
@click.argument("new", type=click.IntRange(0))
@click.pass_context
def audit_consistency_command(context: click.Context, old: int, new: int) -> int:
    """In bằng chứng nhật ký NEW sự kiện nối tiếp nhật ký OLD sự kiện."""
    from boot.auditing import prove_growth

    return prove_growth(settings_of(context), old, new)


@audit_group.command("export")
@click.argument("target", type=_PATHS)
@click.pass_context
def audit_export_command(context: click.Context, target: Path) -> int:
    """Xuất nhật ký, các đầu đã ký và chương trình kiểm tra ra một thư mục."""
    from boot.auditing import export_log

    return export_log(settings_of(context), target)


@audit_group.command("take-back")
@click.pass_context
def audit_take_back_command(context: click.Context) -> int:
    """Nối lại những sự kiện mà kho còn giữ nhưng cơ sở dữ liệu đã mất."""
    from boot.auditing import take_back

    return take_back(settings_of(context))


@main.command("fixity")
@click.option("--all", "everything", is_flag=True, help="Kiểm tra lại mọi tệp ngay, không chờ đến hạn.")
@click.option("--json", "as_json", is_flag=True, help="Mỗi kết quả một dòng JSON.")
@click.pass_context
def fixity_command(context: click.Context, everything: bool, as_json: bool) -> int:
    """Đọc lại tệp trong kho, so mã băm, sửa từ bản sao."""
    from boot.rounds import fixity

    return fixity(settings_of(context), everything=everything, as_json=as_json)


@main.command("reconcile")
@click.option("--repair", is_flag=True, help="Sửa những gì sửa được (mặc định chỉ báo cáo).")
@click.option("--json", "as_json", is_flag=True, help="Mỗi chỗ lệch một dòng JSON.")
@click.pass_context
def reconcile_command(context: click.Context, repair: bool, as_json: bool) -> int:
    """Đối chiếu cơ sở dữ liệu, các kho và chỉ mục."""
    from boot.rounds import reconcile

    return reconcile(settings_of(context), repair=repair, as_json=as_json)


@main.command("rebuild")
@click.option("--check", "check_only", is_flag=True, help="Chỉ liệt kê dòng nào thiếu tệp trong kho.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def rebuild_command(context: click.Context, check_only: bool, as_json: bool) -> int:
    """Dựng lại cơ sở dữ liệu (đang rỗng) chỉ từ các kho."""
    from boot.rebuilding import check, rebuild

    return (check if check_only else rebuild)(settings_of(context), as_json=as_json)


@main.command("backup")
@click.argument("target", type=_PATHS)
@click.option("--with-blobs", is_flag=True, help="Sao cả nội dung các tệp.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def backup_command(context: click.Context, target: Path, with_blobs: bool, as_json: bool) -> int:
    """Sao lưu dữ liệu, danh sách tệp và đầu nhật ký của cùng một thời điểm."""
    from boot.backing_up import backup

    return backup(settings_of(context), target, with_blobs=with_blobs, as_json=as_json)


@main.command("restore")
@click.argument("place", type=_EXISTING)
@click.option("--replace", is_flag=True, help="Thay dữ liệu đang có.")
@click.option("--check", "check_only", is_flag=True, help="Chỉ kiểm tra bản sao lưu còn nguyên.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def restore_command(
    context: click.Context, place: Path, replace: bool, check_only: bool, as_json: bool
) -> int:
    """Khôi phục từ bản sao lưu đã được kiểm tra nguyên vẹn."""
    from boot.backing_up import restore

    return restore(settings_of(context), place, replace=replace, check_only=check_only, as_json=as_json)


@main.group("token")
def token_group() -> None:
    """Mã truy cập cho chương trình khác."""


@token_group.command("create")
@click.option("--user", "login", required=True, help="Tên đăng nhập.")
@click.option("--label", default="dòng lệnh", help="Tên để nhận ra mã này.")
@click.pass_context
def token_create_command(context: click.Context, login: str, label: str) -> int:
    """Cấp một mã truy cập; chỉ in một lần."""
    from boot.setup import create_token

    return create_token(settings_of(context), login, label)


@main.group("account")
def account_group() -> None:
    """Tài khoản tại chỗ."""


@account_group.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(["reader", "archivist", "administrator", "secrecy-officer"]),
)
@click.pass_context
def account_add_command(context: click.Context, login: str, name: str, roles: tuple[str, ...]) -> int:
    """Thêm tài khoản; mật khẩu được in một lần."""
    from boot.setup import add_account

    return add_account(settings_of(context), login, name, roles)


@account_group.command("password")
@click.argument("login")
@click.pass_context
def account_password_command(context: click.Context, login: str) -> int:
    """Đặt lại mật khẩu của một tài khoản; mật khẩu mới được in một lần."""
    from boot.setup import reset_password

    return reset_password(settings_of(context), login)


_ELSEWHERE = (
    complete_command,
    renew_command,
    provable_command,
    review_group,
    held_group,
    units_group,
    members_group,
    separators_command,
    batch_group,
    upload_command,
    watch_command,
)
for _word in (arrange_group, rescan_group):
    batch_group.add_command(_word)
for _command in _ELSEWHERE:
    main.add_command(_command)


def _stopped() -> int:
    say("\nĐã dừng. Việc đang làm dở được giữ lại; chạy lại đúng lệnh này để tiếp tục.")
    return 130


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code (design §7)."""
    try:
        told: Any = main(args=arguments, prog_name="vanthu", standalone_mode=False)
    except click.exceptions.Abort:
        return _stopped()
    except click.ClickException as fault:
        fault.show()
        return Exit.USAGE
    except ArchiveFault as fault:
        return complain(fault)
    except KeyboardInterrupt:
        return _stopped()
    return int(told) if isinstance(told, int) else Exit.WELL


if __name__ == "__main__":  # a launcher from before `boot/__main__.py`
    from boot.__main__ import start

    start()
