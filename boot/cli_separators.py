"""The words `vanthu separators` and `vanthu batch …`; what they do is in `boot/separating.py`, `boot/checking.py`."""

from pathlib import Path

import click

from boot.cli_context import settings_of


@click.command("separators")
@click.option("--dossier", required=True, help="Mã hồ sơ in trên tờ ngăn cách.")
@click.option("--count", required=True, type=click.IntRange(1, 2000), help="Số tờ.")
@click.option(
    "--kind",
    type=click.Choice(["document", "dossier", "attachment"]),
    default="document",
    help="Sau tờ này là: tài liệu mới, hồ sơ mới, hay tài liệu kèm theo.",
)
@click.option("--first", default=1, type=click.IntRange(1, 9999), help="Số của tờ đầu tiên (để in tiếp).")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Tệp PDF sẽ ghi.")
def separators_command(dossier: str, count: int, kind: str, first: int, out: Path) -> int:
    """In tờ ngăn cách (mã QR và Code 128) để đặt giữa các tài liệu trước khi quét."""
    from boot.separating import print_separators

    return print_separators(dossier, count, kind, first, out)


@click.group("batch")
def batch_group() -> None:
    """Xem một lô quét."""


@batch_group.command("checks")
@click.argument("batch")
@click.option("--all", "everything", is_flag=True, help="Cả những điểm chỉ để lưu ý (ảnh không màu …).")
@click.option("--json", "as_json", is_flag=True, help="Mỗi điểm một dòng JSON.")
@click.pass_context
def checks_command(context: click.Context, batch: str, everything: bool, as_json: bool) -> int:
    """Liệt kê điểm cần lưu ý của từng trang ảnh: trắng, mờ, bị cắt, sai độ phân giải, quét lặp …"""
    from boot.checking import list_checks

    return list_checks(settings_of(context), batch, everything=everything, as_json=as_json)
