"""The command line of the verifier; what it says to people is Vietnamese."""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import __doc__ as manual
from .heads import Heads, load_heads, note_keys
from .log import Report, check
from .proofs import check_proof, prove, prove_consistency
from .sources import Missing, events
from .stamps import load_roots


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    word = words.pop(0) if words and words[0] in ("verify", "prove", "consistency", "check") else "verify"
    given = _parser(word).parse_args(words)
    try:
        if word == "prove":
            found = prove(events(given.source, _password(given)), given.seq, given.count)
        elif word == "consistency":
            found = prove_consistency(events(given.source, _password(given)), given.old, given.new)
        elif word == "check":
            return _tell_proof(given)
        else:
            return _tell_log(given)
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    except Missing as fault:
        sys.stderr.write(f"Chưa kiểm tra được, còn thiếu {fault}. Chưa kết luận gì về nhật ký.\n")
        return 4
    except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as fault:
        sys.stderr.write(f"Không đọc được: {fault}. Kiểm tra lại đường dẫn, tệp mốc và khóa.\n")
        return 2
    return 0


def _parser(word: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Kiểm tra nhật ký kiểm toán của Vanthu (chỉ đọc).",
        epilog=manual,
        prog=f"audit_verify {word}",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    if word == "check":
        parser.add_argument("proof", help="tệp bằng chứng (JSON), - là đầu vào chuẩn")
    else:
        parser.add_argument("source", help="tệp vanthu.db, postgresql://…, hoặc thư mục đoạn nhật ký")
        parser.add_argument("--password-file", type=Path, help="tệp chứa mật khẩu PostgreSQL")
    if word in ("check", "verify"):
        parser.add_argument(
            "--key", action="append", default=[], help="khóa kiểm tra của nhật ký, hoặc tệp chứa khóa"
        )
    if word == "prove":
        parser.add_argument("seq", type=int, help="số của sự kiện")
        parser.add_argument("--count", type=int, help="trong bao nhiêu sự kiện đầu (mặc định: tất cả)")
    elif word == "consistency":
        parser.add_argument("old", type=int)
        parser.add_argument("new", type=int)
    elif word == "verify":
        parser.add_argument(
            "--head", type=Path, action="append", default=[], help="mốc đã lưu ở nơi khác, hoặc thư mục"
        )
        parser.add_argument("--segments", type=Path, help="thư mục đoạn nhật ký đã lưu ở nơi khác")
        parser.add_argument(
            "--roots", type=Path, action="append", default=[], help="chứng thư gốc của dấu thời gian"
        )
        parser.add_argument("--json", action="store_true", help="in một đối tượng JSON")
    return parser


def _password(given: argparse.Namespace) -> str:
    if given.password_file is not None:
        return str(given.password_file.read_text(encoding="utf-8").strip())
    return os.environ.get("PGPASSWORD", "")


def _tell_proof(given: argparse.Namespace) -> int:
    text = sys.stdin.read() if given.proof == "-" else Path(given.proof).read_text(encoding="utf-8")
    problem = check_proof(json.loads(text), note_keys(given.key))
    sys.stdout.write(f"Bằng chứng KHÔNG đúng: {problem}.\n" if problem else "Bằng chứng đúng.\n")
    return 1 if problem else 0


def _tell_log(given: argparse.Namespace) -> int:
    heads = load_heads(given.head, note_keys(given.key), load_roots(given.roots))
    started = time.perf_counter()
    report = _check_all(given, heads)
    rate = report.count / max(time.perf_counter() - started, 1e-9)
    sys.stdout.write(_as_json(report, heads) if given.json else _as_text(report, heads, rate))
    return 0 if report.intact else 1


def _check_all(given: argparse.Namespace, heads: Heads) -> Report:
    faults, copy = heads.faults, None
    if given.segments is not None:
        of_copy = check(events(str(given.segments)), heads.good, whole=False)
        if of_copy.bad_seq is None:
            copy = events(str(given.segments))
        else:
            faults += (f"segments, event {of_copy.bad_seq}: {of_copy.reason}",)
    return replace(check(events(given.source, _password(given)), heads.good, copy), faults=faults)


def _as_json(report: Report, heads: Heads) -> str:
    found = {
        "intact": report.intact,
        "count": report.count,
        "root": report.root,
        "bad_seq": report.bad_seq,
        "until_seq": report.until_seq,
        "reason": report.reason,
        "faults": report.faults,
        "heads": {
            "checked": len(heads.good),
            "signed": heads.signed,
            "unsigned": heads.unsigned,
            "stamped": heads.stamped,
            "unstamped": heads.unstamped,
        },
    }
    return json.dumps(found, ensure_ascii=False) + "\n"


def _as_text(report: Report, heads: Heads, rate: float) -> str:
    told = "".join(f"MỐC HOẶC BẢN LƯU KHÔNG TIN ĐƯỢC: {fault}.\n" for fault in report.faults)
    if report.bad_seq is not None:
        place = f"số {report.bad_seq}"
        if report.until_seq != report.bad_seq:
            place = f"nằm trong khoảng số {report.bad_seq} đến {report.until_seq}"
        return (
            f"{told}NHẬT KÝ ĐÃ BỊ CAN THIỆP: sự kiện sai đầu tiên {place} ({report.reason}). "
            "Hãy giữ nguyên tệp, báo người phụ trách an ninh và đối chiếu với bản sao lưu.\n"
        )
    whole = "Chuỗi sự kiện nguyên vẹn" if report.faults else "Nhật ký nguyên vẹn"
    size = f"{report.count} sự kiện ({rate:,.0f} sự kiện/giây)"
    told += f"{whole}: {size}, gốc Merkle {report.root}.\n"
    if heads.good:
        told += (
            f"Khớp {len(heads.good)} mốc; chữ ký đúng: {heads.signed}, dấu thời gian đúng: {heads.stamped}.\n"
        )
    else:
        told += (
            "Chưa đối chiếu với mốc nào (--head): không phát hiện được phần cuối bị cắt hay chuỗi làm lại.\n"
        )
    if heads.unsigned:
        told += f"{heads.unsigned} mốc chưa kiểm tra chữ ký vì thiếu --key.\n"
    if heads.unstamped:
        told += f"{heads.unstamped} dấu thời gian chưa kiểm tra vì thiếu --roots.\n"
    return told
