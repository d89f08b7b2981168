"""Titles and next steps of problem documents, in Vietnamese, by stable code."""

TITLES = {
    "not-found": "Không tìm thấy",
    "not-allowed": "Không có quyền",
    "not-signed-in": "Chưa đăng nhập",
    "wrong-password": "Đăng nhập không thành công",
    "too-many-tries": "Thử quá nhiều lần",
    "csrf-failed": "Phiên làm việc không khớp",
    "idempotency-conflict": "Khóa gửi đã dùng cho tệp khác",
    "idempotency-key-missing": "Thiếu khóa gửi",
    "file-too-large": "Tệp quá lớn",
    "file-empty": "Tệp rỗng",
    "body-too-large": "Nội dung gửi lên quá lớn",
    "unsupported-type": "Loại nội dung không được nhận",
    "not-a-pdf": "Không phải tệp PDF",
    "multipart-malformed": "Tải lên bị hỏng",
    "json-malformed": "JSON không hợp lệ",
    "invalid-input": "Dữ liệu chưa hợp lệ",
    "bad-request": "Yêu cầu không hợp lệ",
    "method-not-allowed": "Thao tác không được hỗ trợ ở địa chỉ này",
    "internal-error": "Hệ thống gặp lỗi",
    "unavailable": "Tạm thời chưa phục vụ được",
    "status-400": "Yêu cầu không hợp lệ",
    "status-401": "Chưa đăng nhập",
    "status-403": "Không có quyền",
    "status-404": "Không tìm thấy",
    "status-409": "Chưa thực hiện được ở trạng thái này",
    "status-413": "Nội dung quá lớn",
    "status-414": "Địa chỉ quá dài",
    "status-415": "Loại nội dung không được nhận",
    "status-422": "Nội dung chưa nhận được",
    "status-429": "Quá nhiều yêu cầu",
    "status-431": "Phần đầu yêu cầu quá lớn",
    "status-500": "Hệ thống gặp lỗi",
    "status-503": "Tạm thời chưa phục vụ được",
}

_NEXT_BY_CODE = {
    "idempotency-conflict": "Dùng một khóa Idempotency-Key mới cho tệp này.",
    "idempotency-key-missing": "Gửi kèm đầu mục Idempotency-Key (1–200 ký tự ASCII), mỗi tệp một khóa.",
    "csrf-failed": "Tải lại trang rồi gửi lại; với API, gửi kèm đầu mục X-CSRF-Token lấy từ GET /api/v1/me.",
    "file-too-large": "Chia tệp nhỏ hơn rồi gửi lại.",
    "unsupported-type": "Gửi đúng loại nội dung mà địa chỉ này nhận (xem /api/v1/openapi.json).",
    "not-a-pdf": "Chọn tệp có phần mở rộng .pdf.",
    "method-not-allowed": "Xem các thao tác được hỗ trợ trong /api/v1/openapi.json.",
    "wrong-password": "Kiểm tra tên đăng nhập và mật khẩu, chú ý bộ gõ tiếng Việt và phím Caps Lock.",
}
_NEXT_BY_STATUS = {
    400: "Kiểm tra lại nội dung gửi lên.",
    401: "Đăng nhập rồi thử lại.",
    403: "Hỏi quản trị viên nếu bạn cần quyền này.",
    404: "Kiểm tra lại mã hoặc quay về trang tìm kiếm.",
    409: "Tải lại để xem trạng thái hiện tại rồi thử lại.",
    413: "Gửi nội dung nhỏ hơn.",
    415: "Gửi đúng loại nội dung.",
    422: "Sửa các giá trị được nêu rồi gửi lại.",
    429: "Đợi rồi thử lại.",
    500: "Báo mã lỗi này cho quản trị viên.",
    503: "Thử lại sau ít phút; dữ liệu đã nhận vẫn an toàn.",
}


def next_step(code: str, status: int) -> str:
    """Return what the person can do about a problem."""
    return _NEXT_BY_CODE.get(code) or _NEXT_BY_STATUS.get(status) or _NEXT_BY_STATUS[400]
