"""The commands by which files come in besides `digitize`: sending to a distant archive, watching a folder."""

import os
from pathlib import Path
from typing import Any, Literal

import click

from boot.cli_context import settings_of

_EXISTING = click.Path(path_type=Path, exists=True)


class InputType(click.Path):
    """An input of `digitize`: something that is there, or the address of a bucket (`s3://…`)."""

    name = "tệp, thư mục hoặc s3://…"

    def __init__(self) -> None:
        super().__init__(path_type=Path, exists=True)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Return an address as it is, anything else as an existing path."""
        if isinstance(value, str) and value.startswith(("s3://", "s3+http://", "s3+https://")):
            return value
        return super().convert(value, param, ctx)


@click.command("upload")
@click.argument("inputs", nargs=-1, required=True, type=_EXISTING)
@click.option("--to", "server", required=True, help="Địa chỉ máy chủ, ví dụ https://luutru.example.vn.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="Tệp chứa mã truy cập (vanthu token create).",
)
@click.option("--title", default="", help="Tên lô (mặc định tên thư mục).")
@click.option("--dossier", default="", help="Mã hồ sơ mà các tài liệu thuộc về.")
@click.option("--start", is_flag=True, help="Bắt đầu xử lý lô khi mọi tệp đã được nhận.")
@click.option(
    "--patience",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    help="Số giây chờ khi mất kết nối mà không có gì tiến triển.",
)
@click.option("--json", "as_json", is_flag=True, help="Mỗi tệp một dòng JSON.")
@click.pass_context
def upload_command(
    context: click.Context,
    inputs: tuple[Path, ...],
    server: str,
    token_file: Path,
    title: str,
    dossier: str,
    start: bool,
    patience: float,
    as_json: bool,
) -> int:
    """Gửi tệp quét đến máy chủ ở xa; bị ngắt thì chạy lại đúng lệnh này để gửi tiếp."""
    from boot.uploading import UploadWish, upload

    token = token_file.read_text(encoding="utf-8").strip()
    most = settings_of(context).max_file_bytes
    return upload(UploadWish(inputs, server, token, title, dossier, start, as_json, most, patience))


@click.command("watch")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--quiet", default=10.0, show_default=True, type=click.FloatRange(0), help="Số giây tệp phải đứng yên."
)
@click.option("--marker", is_flag=True, help="Chỉ nhận khi có tệp đánh dấu .done.")
@click.option(
    "--after",
    type=click.Choice(["move", "keep"]),
    default="move",
    show_default=True,
    help="Sau khi đã nhận: chuyển tệp vào .da-giao hoặc để nguyên chỗ.",
)
@click.option("--dossier", default="", help="Mã hồ sơ mà các tài liệu thuộc về.")
@click.option(
    "--every", default=2.0, show_default=True, type=click.FloatRange(0.05), help="Số giây giữa hai lần xem."
)
@click.option("--once", is_flag=True, help="Dừng khi không còn tệp nào đang đến.")
@click.option("--json", "as_json", is_flag=True, help="Mỗi lô, mỗi tệp phải chờ một dòng JSON.")
@click.pass_context
def watch_command(
    context: click.Context,
    folder: Path,
    quiet: float,
    marker: bool,
    after: Literal["move", "keep"],
    dossier: str,
    every: float,
    once: bool,
    as_json: bool,
) -> int:
    """Theo dõi một thư mục: tệp quét nào đã ghi xong thì tự nhận vào kho."""
    from boot.watching import WatchWish, watch
    from ingest.watched import WatchRules

    rules = WatchRules(quiet=quiet, marker=marker)
    return watch(settings_of(context), WatchWish(folder, rules, after, dossier, every, once, as_json))
