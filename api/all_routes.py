"""Every route of the door, in the order in which they are tried; they know no tools and are made once a process."""

from functools import cache
from typing import Any

from fastapi import APIRouter
from starlette.routing import BaseRoute

from api.pages import accounts as account_pages
from api.pages import arranging, case_opening, clerk, front
from api.pages import batches as batch_pages
from api.pages import case_drafts as draft_pages
from api.pages import cases as case_pages
from api.pages import documents as document_pages
from api.pages import held as held_pages
from api.pages import operations as operation_pages
from api.pages import paper_check as check_pages
from api.pages import reviews as review_pages
from api.pages import saved_searches as saved_pages
from api.pages import search as search_pages
from api.pages import signing as signing_pages
from api.pages import verify as verify_pages
from api.routes import (
    accounts,
    arrangements,
    batch_accounts,
    batches,
    case_desks,
    case_drafts,
    cases,
    documents,
    health,
    held,
    iiif,
    metrics,
    operations,
    register,
    renewal,
    reviews,
    saved_searches,
    search,
    sessions,
    signatures,
    signing_desk,
    signings,
    uploads,
    verify,
)
from api.schemas.common import Problem

API = "/api/v1"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": "Problem document (RFC 9457)"}
    for code in (401, 403, 404, 409, 413, 422, 503, 507)
}


@cache
def all_routes() -> tuple[BaseRoute, ...]:
    """Return the routes of the API and the pages.

    Reading the signatures of two hundred functions takes a second: an application is made on what is made already.
    """
    router = APIRouter(redirect_slashes=False)
    for kind in (
        sessions,
        batches,
        arrangements,
        batch_accounts,
        uploads,
        documents,
        iiif,
        search,
        saved_searches,
        verify,
        signings,
        signing_desk,
        signatures,
        case_drafts,
        cases,
        case_desks,
        register,
        accounts,
        operations,
        renewal,
        reviews,
        held,
    ):
        router.include_router(kind.router, prefix=API, responses=_PROBLEMS)
    router.include_router(signings.keys_router, prefix=API, responses=_PROBLEMS)
    router.include_router(cases.units_router, prefix=API, responses=_PROBLEMS)
    router.include_router(health.router, prefix=API, include_in_schema=False)
    router.include_router(health.router)
    router.include_router(metrics.router)
    for page in (
        front,
        batch_pages,
        arranging,
        document_pages,
        search_pages,
        saved_pages,
        review_pages,
        held_pages,
        verify_pages,
        account_pages,
        operation_pages,
        check_pages,
        case_opening,
        draft_pages,
        case_pages,
        signing_pages,
        clerk,
    ):
        router.include_router(page.router, include_in_schema=False)
    router.include_router(signing_pages.case_router, include_in_schema=False)
    return tuple(router.routes)
