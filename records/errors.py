"""The one family of errors that people may see; HTTP status codes are given at the door only (api/errors.py)."""


class ArchiveFault(Exception):
    """Root of every expected fault.

    `code` is stable and machine-readable; `tell` is the Vietnamese sentence for the person (what, why, what to do);
    the exception's message is the operator's reason.
    """

    code = "archive-fault"

    def __init__(self, reason: str, *, tell: str = "", code: str | None = None) -> None:
        super().__init__(reason)
        self.tell = tell or "Có lỗi khi xử lý. Hồ sơ không bị thay đổi. Hãy thử lại hoặc báo quản trị viên."
        if code is not None:
            self.code = code


class Missing(ArchiveFault):
    """The thing does not exist, or this reader may not know that it does (the two look the same on purpose)."""

    code = "not-found"

    def __init__(self, reason: str, *, tell: str = "", code: str | None = None) -> None:
        super().__init__(
            reason, tell=tell or "Không tìm thấy. Kiểm tra lại đường dẫn hoặc mã tài liệu.", code=code
        )


class NotAllowed(ArchiveFault):
    """The actor is known but may not do this."""

    code = "not-allowed"

    def __init__(self, reason: str, *, tell: str = "", code: str | None = None) -> None:
        super().__init__(
            reason,
            tell=tell or "Tài khoản của bạn không có quyền làm việc này. Hãy hỏi quản trị viên.",
            code=code,
        )


class Unfit(ArchiveFault):
    """What was handed in cannot be accepted (empty, truncated, encrypted, too large …)."""

    code = "unfit-input"


class Conflict(ArchiveFault):
    """The thing is not in a state that allows this, or the key is taken by something else."""

    code = "conflict"


class Away(ArchiveFault):
    """A store, server or tool does not answer now; nothing was changed."""

    code = "unavailable"


class ToolMissing(ArchiveFault):
    """A program, font or model that the work needs is not installed; `tell` says how to get it."""

    code = "tool-missing"
