"""What can happen to a database while we use it, as the one fault a person hears of. Each profile says which it was."""

from enum import StrEnum

from records.errors import Away


class DatabaseTrouble(StrEnum):
    """What is wrong; the value is the code of the `Away`."""

    BUSY = "database-busy"
    AWAY = "database-away"
    FULL = "database-full"
    READ_ONLY = "database-read-only"
    COMMIT_UNKNOWN = "commit-unknown"


_TELLS = {
    DatabaseTrouble.BUSY: "Cơ sở dữ liệu đang bận. Chưa có gì bị thay đổi. Hãy thử lại sau ít phút.",
    DatabaseTrouble.AWAY: "Chưa kết nối được cơ sở dữ liệu. Chưa có gì bị thay đổi, hồ sơ đã nhận vẫn an toàn. "
    "Hãy thử lại sau ít phút; nếu vẫn vậy, báo quản trị viên kiểm tra máy chủ cơ sở dữ liệu.",
    DatabaseTrouble.FULL: "Đĩa của cơ sở dữ liệu đã hết chỗ nên chưa ghi được. Chưa có gì bị thay đổi. "
    "Hãy báo quản trị viên thêm dung lượng rồi thử lại.",
    DatabaseTrouble.READ_ONLY: "Cơ sở dữ liệu đang ở chế độ chỉ đọc nên chưa ghi được. Chưa có gì bị thay đổi; "
    "việc tra cứu vẫn dùng được. Hãy báo quản trị viên rồi thử lại.",
    DatabaseTrouble.COMMIT_UNKNOWN: "Mất liên lạc với cơ sở dữ liệu đúng lúc đang lưu nên chưa biết đã lưu xong "
    "hay chưa. Hãy gửi lại yêu cầu với cùng mã chống gửi trùng: việc đã lưu sẽ không bị làm lần thứ hai.",
}


def away(trouble: DatabaseTrouble, reason: str) -> Away:
    """Return the fault to raise: `reason` for the log (its first line; the rest may repeat values of the row)."""
    first = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    return Away(f"database: {first}", tell=_TELLS[trouble], code=trouble.value)
