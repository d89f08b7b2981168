"""Cookies of signed-in browsers: what they are called, how they are set and taken away."""

import hmac
from urllib.parse import urlsplit

from fastapi import Request, Response

from storage.sessions import OLDEST

LANGUAGE_COOKIE = "vanthu_lang"
THEME_COOKIE = "vanthu_theme"
_YEAR = 365 * 24 * 3600


def cookie_name(secure: bool) -> str:
    """Return the session cookie's name; the `__Host-` form binds it to https, this host and the root path."""
    return "__Host-vanthu" if secure else "vanthu"


def set_session(response: Response, token: str, secure: bool) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(secure),
        token,
        max_age=int(OLDEST.total_seconds()),
        path="/",
        httponly=True,
        secure=secure,
        samesite="lax",
    )


def clear_session(response: Response, secure: bool) -> None:
    """Take the session cookie away."""
    response.delete_cookie(cookie_name(secure), path="/", httponly=True, secure=secure, samesite="lax")


def remember(response: Response, name: str, value: str, secure: bool) -> None:
    """Keep a preference (language, theme) in the browser for a year; it is no secret."""
    response.set_cookie(name, value, max_age=_YEAR, path="/", httponly=True, secure=secure, samesite="lax")


def same_secret(given: str, wanted: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def from_elsewhere(request: Request) -> bool:
    """Return whether another site's page makes the browser send this (Fetch Metadata, else `Origin`).

    Programs send neither header; they pass, and must bring a token of their own.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


def safe_next(path: str | None) -> str:
    """Return `path` when it leads into this site, else the home page (no open redirects)."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > 2000:
        return "/"
    return "/" if any(ord(c) < 33 or c == "\\" for c in path) else path
