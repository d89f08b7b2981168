"""Fill a template: the words in the reader's language, who is signed in, and where the assets are."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api import i18n
from api.deps import Caller, MaybeCaller, allow, as_party, check_csrf, get_desk
from api.errors import CsrfFailed
from api.sessions import LANGUAGE_COOKIE, THEME_COOKIE, from_elsewhere
from api.tools import Tools
from records.access import WITH_PARTIES, Action, Actor, permits

THEMES = ("light", "dark")
_NAV = (
    ("search", "/search", Action.SEARCH),
    ("documents", "/documents", Action.SEARCH),
    ("batches", "/batches", Action.DIGITIZE),
    ("reviews", "/reviews", Action.REVIEW),
    ("held", "/held", Action.DECIDE_HELD),
    ("cases", "/cases", Action.FOLLOW),
    ("signing", "/signing", Action.SIGN),
    ("clerk", "/clerk", Action.SEAL),
    ("verify", "/verify", Action.VERIFY),
    ("accounts", "/accounts", Action.MANAGE_ACCOUNTS),
    ("operations", "/operations", Action.OPERATE),
)


class NotSignedIn(Exception):
    """The page needs somebody signed in; the handler leads to the form and back."""


@cache
def environment() -> Environment:
    """Return the template environment; a name a template misspells is an error, everything is escaped."""
    env = Environment(
        loader=FileSystemLoader(i18n.WEB / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        asset=asset,
        day=i18n.day,
        moment=i18n.moment,
        number=i18n.number,
        size=i18n.size,
        age=i18n.age,
        clock=i18n.clock,
        named=named,
    )
    return env


def named(ids: Iterable[str], names: Mapping[str, str]) -> str:
    """Return the names of things in one line, a thing without a name by its id."""
    return ", ".join(names.get(each, each) for each in ids)


@cache
def asset(name: str) -> str:
    """Return the address of a static file with the beginning of its SHA-256, so that browsers keep it for good."""
    digest = hashlib.sha256((i18n.WEB / "assets" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def language_of(request: Request) -> str:
    """Return the language to answer in."""
    return i18n.choose_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        None if LANGUAGE_COOKIE in request.cookies else request.headers.get("accept-language"),
    )


def page(
    request: Request,
    template: str,
    caller: Caller | None,
    section: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return the filled template. `section` marks the place in the navigation."""
    tools = get_desk(request).tools
    language = language_of(request)
    actor = caller.actor if caller else None
    party = cache(
        partial(as_party, tools)
    )  # asked for once at most, and only for accounts without such a role

    def may(action: Action) -> bool:
        if actor is None or permits(actor, action):
            return actor is not None
        return action in WITH_PARTIES and permits(party(actor), action)

    theme = request.cookies.get(THEME_COOKIE, "")
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    body = (
        environment()
        .get_template(template)
        .render(
            t=i18n.translator(language),
            worded=i18n.worder(language),
            lang=language,
            theme=theme if theme in THEMES else "",
            actor=actor,
            csrf=(caller.csrf if caller else None) or "",
            nav=[(key, href, may(action)) for key, href, action in _NAV],
            can={
                "search": may(Action.SEARCH),
                "digitize": may(Action.DIGITIZE),
                "manage": may(Action.MANAGE_ACCOUNTS),
                "sign": may(Action.SIGN),
                "seal": may(Action.SEAL),
            },
            section=section,
            fresh_hits=_fresh_hits(tools, actor, party) if may(Action.SEARCH) else 0,
            here=here,
            demo=tools.demo,
            version=tools.version,
            **values,
        )
    )
    return HTMLResponse(body, status, headers={"Vary": "Cookie, Accept-Language", **(headers or {})})


def _fresh_hits(tools: Tools, actor: Actor | None, party: Callable[[Actor], Actor]) -> int:
    """Return how many new hits of saved searches wait; whoever keeps none is asked about with one look at an index."""
    if actor is None:
        return 0
    with tools.work.reading() as tx:
        keeps = tx.saved_searches.alerts_of(actor)
    if not keeps:
        return 0
    with tools.work.reading() as tx:
        return tx.saved_searches.fresh(party(actor))


def visitor(caller: MaybeCaller) -> Caller:
    """Return who is at the browser; raises `NotSignedIn`."""
    if caller is None:
        raise NotSignedIn
    return caller


Visitor = Annotated[Caller, Depends(visitor)]


def visitor_may(request: Request, caller: Caller, action: Action) -> Actor:
    """Return the actor when it may do `action`; refusals are audited like those of the API."""
    return allow(get_desk(request).tools, caller.actor, action)


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return the fields of a URL-encoded form (at most 100). Raises `CsrfFailed` when another site sent it."""
    if from_elsewhere(request):
        raise CsrfFailed("form from another site")
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return parse_qs(body, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}


Fields = Annotated[dict[str, list[str]], Depends(read_form)]


async def signed_form(caller: Visitor, fields: Fields) -> dict[str, list[str]]:
    """Return the fields of a form that carries the CSRF token of the visitor's session."""
    check_csrf(caller, fields.get("csrf", [""])[0])
    return fields


SignedForm = Annotated[dict[str, list[str]], Depends(signed_form)]


def one(fields: dict[str, list[str]], name: str) -> str:
    """Return the first value of a field, "" when absent."""
    return fields.get(name, [""])[0]


def to(path: str) -> RedirectResponse:
    """Lead the browser on with GET (303)."""
    return RedirectResponse(path, status_code=303)


def to_sign_in(request: Request) -> RedirectResponse:
    """Lead to the sign-in form and back here afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return to(f"/sign-in?next={quote(here)}" if request.method == "GET" and here != "/" else "/sign-in")


escape_query = partial(quote, safe="")
