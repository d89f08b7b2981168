"""Every route against every kind of caller: a route without a row in this table fails, so none is forgotten."""

from collections.abc import Callable, Iterator

import pytest

from api.route_names import each_route
from tests.unit.api.api_house import House

NOBODY, READER, ARCHIVIST, ADMINISTRATOR, CLERK = "", "reader", "archivist", "administrator", "clerk"
CALLERS = (NOBODY, READER, ARCHIVIST, ADMINISTRATOR, CLERK)

# Method and path → status for (nobody, reader, archivist, administrator, clerk), asked with a bearer token.
# Paths name seeded things: {batch}, {letter} (open), {secret} (held), {refused}. Bodies are left out on purpose:
# 4xx other than 401/403/404 says "may ask, but this body will not do".
API = "/api/v1"
TABLE: dict[tuple[str, str], dict[str, tuple[int, int, int, int, int]]] = {
    ("POST", f"{API}/sessions"): {"": (422, 422, 422, 422, 422)},
    ("DELETE", f"{API}/sessions/current"): {"": (401, 204, 204, 204, 204)},
    ("GET", f"{API}/me"): {"": (401, 200, 200, 200, 200)},
    ("POST", f"{API}/batches"): {"": (401, 403, 422, 403, 403)},
    ("GET", f"{API}/batches"): {"": (401, 403, 200, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("GET", f"{API}/batches/{{batch_id}}/progress"): {"batch": (401, 403, 200, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/files"): {"batch": (401, 403, 200, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/checks"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("POST", f"{API}/batches/{{batch_id}}/files"): {"batch": (401, 403, 400, 403, 403)},
    ("OPTIONS", f"{API}/batches/{{batch_id}}/uploads"): {"batch": (401, 403, 204, 403, 403)},
    ("POST", f"{API}/batches/{{batch_id}}/uploads"): {"batch": (401, 403, 412, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/uploads"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("GET", f"{API}/batches/{{batch_id}}/uploads/{{upload_id}}"): {"batch": (401, 403, 404, 403, 403)},
    ("PATCH", f"{API}/batches/{{batch_id}}/uploads/{{upload_id}}"): {"batch": (401, 403, 412, 403, 403)},
    ("DELETE", f"{API}/batches/{{batch_id}}/uploads/{{upload_id}}"): {"batch": (401, 403, 412, 403, 403)},
    ("POST", f"{API}/batches/{{batch_id}}/start"): {
        "batch": (401, 403, 202, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("GET", f"{API}/batches/{{batch_id}}/account"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("POST", f"{API}/batches/{{batch_id}}/handover"): {"batch": (401, 403, 400, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/differences"): {"batch": (401, 403, 409, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/differences.xlsx"): {"batch": (401, 403, 409, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/minutes"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("GET", f"{API}/batches/{{batch_id}}/events"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    # the seeded delivery was never to be arranged: 409 says "may ask"
    ("GET", f"{API}/batches/{{batch_id}}/arrangement"): {
        "batch": (401, 403, 409, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("POST", f"{API}/batches/{{batch_id}}/arrangement/commands"): {"batch": (401, 403, 422, 403, 403)},
    ("POST", f"{API}/batches/{{batch_id}}/arrangement/confirm"): {"batch": (401, 403, 422, 403, 403)},
    ("POST", f"{API}/batches/{{batch_id}}/arrangement/reopen"): {
        "batch": (401, 403, 409, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("GET", f"{API}/batches/{{batch_id}}/pages/{{page_id}}/image"): {"batch": (401, 403, 404, 403, 403)},
    ("GET", f"{API}/batches/{{batch_id}}/rescans"): {
        "batch": (401, 403, 200, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("POST", f"{API}/batches/{{batch_id}}/rescans"): {"batch": (401, 403, 422, 403, 403)},
    ("POST", f"{API}/batches/{{batch_id}}/rescans/{{rescan_id}}/cancel"): {
        "batch": (401, 403, 404, 403, 403)
    },
    # without a key the request is refused before the ticket is looked for
    ("POST", f"{API}/batches/{{batch_id}}/rescans/{{rescan_id}}/file"): {"batch": (401, 403, 400, 403, 403)},
    ("GET", f"{API}/documents"): {"": (401, 200, 200, 403, 403)},
    ("GET", f"{API}/documents/{{document_id}}"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
        "refused": (401, 404, 200, 404, 404),
        "no-such": (401, 404, 404, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/pdf"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
        "refused": (401, 404, 404, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/access-copy"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
        "refused": (401, 404, 404, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/signature"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
        "refused": (401, 404, 404, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/pages"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/pages/{{number}}"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/pages/{{number}}/words"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
    },
    ("GET", f"{API}/documents/{{document_id}}/pages/{{number}}/image"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
        "refused": (401, 404, 200, 404, 404),
    },
    **{
        ("GET", f"{API}/iiif/{address}"): {
            "letter": (401, 200, 200, 404, 404),
            "secret": (401, 404, 200, 404, 404),
            "no-such": (401, 404, 404, 404, 404),
        }
        for address in (
            "image/3/{document_id}/{number}/info.json",
            "documents/{document_id}/manifest",
            "documents/{document_id}/canvas/{number}/lines",
        )
    },
    # no query, no region of these names: whoever may see the page is told so
    **{
        ("GET", f"{API}/iiif/{address}"): {
            "letter": (401, status, status, 404, 404),
            "secret": (401, 404, status, 404, 404),
        }
        for address, status in (("image/3/{document_id}/{number}/{region}/{size}/{rotation}/{rest}", 400),)
    },
    **{
        ("GET", f"{API}/iiif/documents/{{document_id}}/{service}/{version}"): {
            "letter": (401, 422, 422, 422, 422),
            "secret": (401, 422, 422, 422, 422),
        }
        for service in ("search", "autocomplete")
        for version in (1, 2)
    },
    ("GET", f"{API}/iiif/image/3/{{document_id}}/{{number}}"): {"letter": (401, 303, 303, 303, 303)},
    ("GET", f"{API}/iiif/collection"): {"": (401, 422, 422, 403, 403)},
    ("GET", f"{API}/reviews"): {"": (401, 403, 200, 403, 403)},
    # whoever may review may take up any page they may see, on the list or not
    ("GET", f"{API}/reviews/{{document_id}}/{{part}}"): {"letter": (401, 403, 404, 403, 403)},
    ("POST", f"{API}/reviews/{{document_id}}/{{part}}/accept"): {
        "letter": (401, 403, 200, 403, 403),
        "secret": (401, 403, 200, 403, 403),
        "refused": (401, 403, 404, 403, 403),
        "no-such": (401, 403, 404, 403, 403),
    },
    ("POST", f"{API}/reviews/{{document_id}}/{{part}}/corrections"): {"letter": (401, 403, 422, 403, 403)},
    ("POST", f"{API}/reviews/{{document_id}}/{{part}}/undo"): {"no-such": (401, 403, 404, 403, 403)},
    # only the officer, who is none of these callers (tests/unit/api/test_held_api.py)
    ("GET", f"{API}/held"): {"": (401, 403, 403, 403, 403)},
    ("POST", f"{API}/held/{{document_id}}/release"): {"no-such": (401, 403, 403, 403, 403)},
    ("POST", f"{API}/held/{{document_id}}/remove"): {"no-such": (401, 403, 403, 403, 403)},
    ("GET", f"{API}/search"): {"": (401, 422, 422, 403, 403)},
    ("GET", f"{API}/search/export"): {"": (401, 422, 422, 403, 403)},
    ("GET", f"{API}/suggestions"): {"": (401, 200, 200, 403, 403)},
    ("GET", f"{API}/saved-searches"): {"": (401, 200, 200, 403, 403)},
    ("POST", f"{API}/saved-searches"): {"": (401, 422, 422, 403, 403)},
    ("PATCH", f"{API}/saved-searches/{{search_id}}"): {"no-such": (401, 422, 422, 403, 403)},
    ("DELETE", f"{API}/saved-searches/{{search_id}}"): {"no-such": (401, 404, 404, 403, 403)},
    ("POST", f"{API}/saved-searches/{{search_id}}/restore"): {"no-such": (401, 404, 404, 403, 403)},
    ("GET", f"{API}/saved-searches/{{search_id}}/hits"): {"no-such": (401, 404, 404, 403, 403)},
    ("POST", f"{API}/saved-searches/{{search_id}}/seen"): {"no-such": (401, 422, 422, 403, 403)},
    ("GET", f"{API}/documents/{{document_id}}/search"): {
        "letter": (401, 422, 422, 422, 422),
        "secret": (401, 422, 422, 422, 422),
    },
    ("GET", f"{API}/documents/{{document_id}}/pages/{{number}}/similar"): {
        "letter": (401, 200, 200, 404, 404),
        "secret": (401, 404, 200, 404, 404),
    },
    ("POST", f"{API}/verify/{{kind}}"): {"html": (401, 400, 400, 400, 400), "tex": (401, 404, 404, 404, 404)},
    ("POST", f"{API}/verify"): {"": (401, 400, 400, 400, 400)},
    ("GET", f"{API}/signing-keys"): {"": (401, 403, 403, 403, 200)},
    ("POST", f"{API}/signing-batches"): {"": (401, 403, 403, 403, 422)},
    ("GET", f"{API}/signing-batches"): {"": (401, 403, 403, 403, 200)},
    ("GET", f"{API}/signing-batches/{{batch_id}}"): {"no-such": (401, 403, 403, 403, 404)},
    ("POST", f"{API}/signing-batches/{{batch_id}}/papers"): {"no-such": (401, 403, 403, 403, 400)},
    ("GET", f"{API}/signing-batches/{{batch_id}}/papers"): {"no-such": (401, 403, 403, 403, 404)},
    ("POST", f"{API}/signing-batches/{{batch_id}}/start"): {"no-such": (401, 403, 403, 403, 404)},
    ("POST", f"{API}/signing-batches/{{batch_id}}/cancel"): {"no-such": (401, 403, 403, 403, 404)},
    ("GET", f"{API}/signing-batches/{{batch_id}}/events"): {"no-such": (401, 403, 403, 403, 404)},
    ("GET", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/source"): {
        "no-such": (401, 403, 403, 403, 404)
    },
    ("GET", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/pdf"): {
        "no-such": (401, 403, 403, 403, 404)
    },
    ("GET", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/place"): {
        "no-such": (401, 403, 403, 403, 404)
    },
    ("PUT", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/place"): {
        "no-such": (401, 403, 403, 403, 422)
    },
    ("DELETE", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/place"): {
        "no-such": (401, 403, 403, 403, 404)
    },
    ("GET", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/pages/{{number}}.png"): {
        "no-such": (401, 403, 403, 403, 404)
    },
    ("POST", f"{API}/signing-batches/{{batch_id}}/papers/{{paper_id}}/prepare"): {
        "no-such": (401, 403, 403, 403, 422)
    },
    ("POST", f"{API}/signing-batches/{{batch_id}}/prepared/{{prepared_id}}/finish"): {
        "no-such": (401, 403, 403, 403, 422)
    },
    ("POST", f"{API}/signatures"): {"": (401, 403, 403, 403, 400)},
    # whoever is signed in may open a case of their own; what a post allows is told by each case (test_cases_api.py)
    ("POST", f"{API}/cases"): {"": (401, 422, 422, 422, 422)},
    ("GET", f"{API}/cases"): {"": (401, 200, 200, 200, 200)},
    ("GET", f"{API}/cases/{{case_id}}"): {"no-such": (401, 404, 404, 404, 404)},
    ("POST", f"{API}/cases/{{case_id}}/moves"): {"no-such": (401, 422, 422, 422, 422)},
    ("POST", f"{API}/cases/{{case_id}}/signings"): {"no-such": (401, 403, 403, 403, 422)},
    # without a key the request is refused before the case is looked for
    ("POST", f"{API}/cases/{{case_id}}/drafts"): {"no-such": (401, 400, 400, 400, 400)},
    ("GET", f"{API}/cases/{{case_id}}/versions/{{number}}/file"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/cases/{{case_id}}/versions/{{number}}/pdf"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/cases/{{case_id}}/versions/{{number}}/difference"): {
        "no-such": (401, 404, 404, 404, 404)
    },
    ("GET", f"{API}/cases/{{case_id}}/opinions"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/cases/{{case_id}}/preview"): {"no-such": (401, 422, 422, 422, 422)},
    ("GET", f"{API}/cases/{{case_id}}/preview/pages/{{number}}.png"): {"no-such": (401, 422, 422, 422, 422)},
    ("GET", f"{API}/cases/{{case_id}}/papers/{{ordinal}}/pdf"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/cases/{{case_id}}/scans/{{ordinal}}/pdf"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/units"): {"": (401, 200, 200, 200, 200)},
    ("GET", f"{API}/waiting"): {"": (401, 200, 200, 200, 200)},
    ("POST", f"{API}/case-signings"): {"": (401, 403, 403, 403, 422)},
    ("GET", f"{API}/case-signings"): {"": (401, 403, 403, 403, 200)},
    ("GET", f"{API}/case-signings/{{group_id}}"): {"no-such": (401, 403, 403, 403, 404)},
    ("POST", f"{API}/case-signings/{{group_id}}/start"): {"no-such": (401, 403, 403, 403, 422)},
    ("POST", f"{API}/case-signings/{{group_id}}/moves"): {"no-such": (401, 403, 403, 403, 404)},
    ("GET", f"{API}/cases/{{case_id}}/papers/{{ordinal}}/pages/{{number}}.png"): {
        "no-such": (401, 404, 404, 404, 404)
    },
    # whose register, and which members: by posts (test_desks_api.py)
    ("GET", f"{API}/registers"): {"": (401, 200, 200, 200, 200)},
    ("GET", f"{API}/registers/{{unit_id}}/numbers"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/registers/{{unit_id}}/book.{{kind}}"): {"pdf": (401, 404, 404, 404, 404)},
    ("POST", f"{API}/registers/{{unit_id}}/holds"): {"no-such": (401, 422, 422, 422, 422)},
    ("POST", f"{API}/registers/{{unit_id}}/numbers/{{number_id}}/void"): {
        "no-such": (401, 422, 422, 422, 422)
    },
    ("GET", f"{API}/members"): {"": (401, 200, 200, 200, 200)},
    ("GET", f"{API}/members/{{member_id}}"): {"no-such": (401, 404, 404, 404, 404)},
    ("GET", f"{API}/accounts"): {"": (401, 403, 403, 200, 403)},
    ("POST", f"{API}/accounts"): {"": (401, 403, 403, 422, 403)},
    ("PATCH", f"{API}/accounts/{{account_id}}"): {"": (401, 403, 403, 422, 403)},
    # the house has no engine here (see test_operations.py for one that has): 503 says "may ask"
    ("GET", f"{API}/queues"): {"": (401, 403, 403, 503, 403)},
    ("GET", f"{API}/queues/events"): {},  # never ends; test_operations.py asks as each caller
    ("GET", f"{API}/dead-letters"): {"": (401, 403, 403, 503, 403)},
    ("POST", f"{API}/dead-letters/{{letter_id}}/rerun"): {"": (401, 403, 403, 503, 403)},
    ("GET", f"{API}/rounds"): {"": (401, 403, 403, 200, 403)},
    ("GET", f"{API}/renewal"): {"": (401, 403, 403, 200, 403)},
    ("POST", f"{API}/renewal/documents/{{document_id}}"): {
        "letter": (401, 403, 403, 409, 403),
        "no-such": (401, 403, 403, 404, 403),
    },
    ("GET", f"{API}/objects/bad"): {"": (401, 403, 403, 200, 403)},
    ("GET", "/metrics"): {"": (401, 403, 403, 200, 403)},
    ("GET", f"{API}/health/live"): {"": (200, 200, 200, 200, 200)},
    ("GET", f"{API}/health/ready"): {"": (200, 200, 200, 200, 200)},
    ("GET", "/health/live"): {"": (200, 200, 200, 200, 200)},
    ("GET", "/health/ready"): {"": (200, 200, 200, 200, 200)},
    ("GET", f"{API}/openapi.json"): {"": (200, 200, 200, 200, 200)},
    ("MOUNT", "/static"): {},
    # pages: who is not signed in is led to the form (303)
    ("GET", "/sign-in"): {"": (200, 303, 303, 303, 303)},
    ("POST", "/sign-in"): {"": (401, 401, 401, 401, 401)},
    ("POST", "/sign-out"): {"": (303, 303, 303, 303, 303)},
    ("POST", "/preferences"): {"": (303, 303, 303, 303, 303)},
    ("GET", "/"): {"": (303, 200, 200, 200, 200)},
    ("GET", "/batches"): {"": (303, 403, 200, 403, 403)},
    ("POST", "/batches"): {"": (303, 403, 303, 403, 403)},
    ("GET", "/batches/{batch_id}"): {
        "batch": (303, 403, 200, 403, 403),
        "no-such": (303, 403, 404, 403, 403),
    },
    ("POST", "/batches/{batch_id}/files"): {"batch": (303, 403, 400, 403, 403)},
    ("POST", "/batches/{batch_id}/handover"): {"batch": (303, 403, 400, 403, 403)},
    ("GET", "/batches/{batch_id}/differences.xlsx"): {"batch": (303, 403, 409, 403, 403)},
    ("GET", "/batches/{batch_id}/minutes"): {
        "batch": (303, 403, 200, 403, 403),
        "no-such": (303, 403, 404, 403, 403),
    },
    ("POST", "/batches/{batch_id}/uploads/discard"): {"batch": (303, 403, 303, 403, 403)},
    ("POST", "/batches/{batch_id}/start"): {"batch": (303, 403, 303, 403, 403)},
    ("GET", "/batches/{batch_id}/arrange"): {
        "batch": (303, 403, 409, 403, 403),
        "no-such": (303, 403, 404, 403, 403),
    },
    ("POST", "/batches/{batch_id}/arrange"): {"batch": (303, 403, 409, 403, 403)},
    ("POST", "/batches/{batch_id}/arrange/confirm"): {"batch": (303, 403, 409, 403, 403)},
    ("POST", "/batches/{batch_id}/arrange/reopen"): {"batch": (303, 403, 409, 403, 403)},
    ("POST", "/batches/{batch_id}/rescans/{rescan_id}/cancel"): {"batch": (303, 403, 404, 403, 403)},
    ("POST", "/batches/{batch_id}/rescans/{rescan_id}/file"): {"batch": (303, 403, 400, 403, 403)},
    ("GET", "/documents"): {"": (303, 200, 200, 403, 403)},
    ("GET", "/documents/{document_id}"): {
        "letter": (303, 200, 200, 404, 404),
        "secret": (303, 404, 200, 404, 404),
        "refused": (303, 404, 200, 404, 404),
    },
    ("GET", "/search"): {"": (303, 200, 200, 403, 403)},
    ("GET", "/documents/{document_id}/similar"): {
        "letter": (303, 200, 200, 404, 404),
        "secret": (303, 404, 200, 404, 404),
    },
    ("GET", "/saved-searches"): {"": (303, 200, 200, 403, 403)},
    ("POST", "/saved-searches"): {"": (303, 422, 422, 403, 403)},
    ("GET", "/saved-searches/{search_id}"): {"no-such": (303, 404, 404, 403, 403)},
    ("POST", "/saved-searches/{search_id}/seen"): {"no-such": (303, 422, 422, 403, 403)},
    ("POST", "/saved-searches/{search_id}/change"): {"no-such": (303, 404, 404, 403, 403)},
    ("POST", "/saved-searches/{search_id}/delete"): {"no-such": (303, 404, 404, 403, 403)},
    ("POST", "/saved-searches/{search_id}/restore"): {"no-such": (303, 404, 404, 403, 403)},
    ("GET", "/held"): {"": (303, 403, 403, 403, 403)},
    ("POST", "/held/{document_id}/release"): {"no-such": (303, 403, 403, 403, 403)},
    ("POST", "/held/{document_id}/remove"): {"no-such": (303, 403, 403, 403, 403)},
    ("GET", "/reviews"): {"": (303, 403, 200, 403, 403)},
    ("GET", "/reviews/{document_id}/{part}"): {
        "letter": (303, 403, 200, 403, 403),  # accepted above
        "no-such": (303, 403, 404, 403, 403),
    },
    ("POST", "/reviews/{document_id}/{part}/accept"): {"no-such": (303, 403, 404, 403, 403)},
    ("POST", "/reviews/{document_id}/{part}/corrections"): {"no-such": (303, 403, 404, 403, 403)},
    ("POST", "/reviews/{document_id}/{part}/undo"): {"no-such": (303, 403, 404, 403, 403)},
    # the public check of an issued paper: whoever holds the paper, and what no code fits is not there for anybody
    ("GET", "/kiem-tra/{named}/{check}"): {"no-such": (404, 404, 404, 404, 404)},
    ("POST", "/kiem-tra/{named}/{check}"): {"no-such": (404, 404, 404, 404, 404)},
    ("GET", "/verify"): {"": (303, 200, 200, 200, 200)},
    ("POST", "/verify"): {"": (303, 400, 400, 400, 400)},
    ("GET", "/accounts"): {"": (303, 403, 403, 200, 403)},
    ("POST", "/accounts"): {"": (303, 403, 403, 422, 403)},
    ("POST", "/accounts/{account_id}/disable"): {"": (303, 403, 403, 404, 403)},
    ("GET", "/cases"): {"": (303, 200, 200, 200, 200)},
    ("GET", "/cases/units"): {"": (303, 200, 200, 200, 200)},
    ("GET", "/cases/new"): {"": (303, 200, 200, 200, 200)},
    ("GET", "/cases/new/{procedure}/{move}"): {"no-such": (303, 404, 404, 404, 404)},
    ("POST", "/cases/new/{procedure}/{move}"): {"no-such": (303, 404, 404, 404, 404)},
    ("GET", "/cases/{case_id}"): {"no-such": (303, 404, 404, 404, 404)},
    ("POST", "/cases/{case_id}/moves"): {"no-such": (303, 404, 404, 404, 404)},
    ("POST", "/cases/{case_id}/drafts"): {"no-such": (303, 404, 404, 404, 404)},
    ("GET", "/cases/{case_id}/preview"): {"no-such": (303, 404, 404, 404, 404)},
    ("POST", "/cases/{case_id}/orders"): {"no-such": (303, 403, 403, 403, 404)},
    ("GET", "/cases/{case_id}/papers/{ordinal}"): {"no-such": (303, 404, 404, 404, 404)},
    ("GET", "/signing"): {"": (303, 403, 403, 403, 200)},
    ("POST", "/signing/orders"): {"": (303, 403, 403, 403, 422)},
    ("GET", "/signing/{group_id}"): {"no-such": (303, 403, 403, 403, 404)},
    ("POST", "/signing/{group_id}/start"): {"no-such": (303, 403, 403, 403, 404)},
    ("POST", "/signing/{group_id}/moves"): {"no-such": (303, 403, 403, 403, 404)},
    ("POST", "/signing/{group_id}/cancel"): {"no-such": (303, 403, 403, 403, 404)},
    ("GET", "/clerk"): {"": (303, 200, 200, 200, 200)},
    ("GET", "/registers"): {"": (303, 200, 200, 200, 200)},
    ("GET", "/registers/{unit_id}"): {"no-such": (303, 404, 404, 404, 404)},
    ("POST", "/registers/{unit_id}/holds"): {"no-such": (303, 404, 404, 404, 404)},
    ("POST", "/registers/{unit_id}/numbers/{number_id}/void"): {"no-such": (303, 404, 404, 404, 404)},
    ("GET", "/operations"): {"": (303, 403, 403, 200, 403)},
    ("POST", "/operations/dead-letters/{letter_id}/rerun"): {"": (303, 403, 403, 503, 403)},
}


def routes(house: House) -> Iterator[tuple[str, str]]:
    """(method, path) of every route of the application, those of included routers too."""
    for found in each_route(house.app):
        for method in getattr(found, "methods", None) or {"MOUNT"}:
            if method != "HEAD":
                yield method, found.path


def test_every_route_has_a_row(house: House) -> None:
    known = {(method, path) for method, path in routes(house)}
    assert known - set(TABLE) == set(), "new routes need a row with what each caller may do"
    assert set(TABLE) - known == set(), "rows of routes that are gone"


@pytest.mark.parametrize("caller", CALLERS)
def test_each_cell_answers_as_written(make_house: Callable[..., House], caller: str) -> None:
    house = make_house()
    column = CALLERS.index(caller)
    wrong = []
    for (method, path), things in TABLE.items():
        for thing, expected in things.items():
            address = path.format(
                batch_id=house.seeded.ids.get(thing, thing or "x"),
                document_id=house.seeded.ids.get(thing, thing or "x"),
                account_id="nobody",
                paper_id="no-such",
                page_id="no-such",
                rescan_id="no-such",
                prepared_id="no-such",
                kind=thing,
                letter_id="document:nothing",
                number=1,
                upload_id="x",
                case_id="no-such",
                part="page-1",
                ordinal=1,
                named="no-such",
                check="no-such",
                group_id="no-such",
                unit_id="no-such",
                number_id="no-such",
                member_id="no-such",
                search_id="no-such",
                procedure="no-such",
                move="no-such",
                **dict.fromkeys(("region", "size", "rotation", "rest"), "odd"),
            )
            client = house.client(caller, follow_redirects=False)
            answer = client.request(method, address)
            if answer.status_code != expected[column]:
                wrong.append((method, address, caller or "nobody", answer.status_code, expected[column]))
            assert answer.status_code < 500 or expected[column] == 503
    assert wrong == []


def test_hidden_and_absent_are_the_same_bytes(house: House) -> None:
    reader = house.client("reader")
    hidden = [
        reader.get(f"{API}/documents/{house.seeded.ids['secret']}{tail}")
        for tail in ("", "/pdf", "/signature", "/pages", "/pages/1", "/pages/1/image", "/pages/1/words")
    ]
    presented = f"{API}/iiif/documents/{house.seeded.ids['secret']}"
    hidden += (
        [
            reader.get(f"{presented}{tail}")
            for tail in (
                "/manifest",
                "/canvas/1/lines",
                "/search/1?q=a",
                "/search/2?q=a",
                "/autocomplete/1?q=a",
                "/autocomplete/2?q=a",
            )
        ]
        + [
            reader.get(f"{API}/iiif/image/3/{house.seeded.ids['secret']}/1/{tail}")
            for tail in (
                "info.json",
                "full/max/0/default.jpg",
                "0,0,9,9/max/0/default.jpg",
                "odd/odd/odd/odd",
            )
        ]
        + [reader.get(f"{API}/iiif/collection?dossier=no-such")]
    )
    absent = reader.get(f"{API}/documents/{'0' * 32}")
    assert {a.status_code for a in hidden} == {404}
    assert {a.content for a in hidden} == {absent.content}


def test_a_refusal_by_role_is_written_down(house: House) -> None:
    house.client("reader").get(f"{API}/accounts")
    assert (house.seeded.accounts["reader"], "", "denied") in house.events("access-denied")


def test_hidden_papers_are_in_no_list_count_or_search(house: House) -> None:
    reader, archivist = house.client("reader"), house.client("archivist")
    assert reader.get(f"{API}/documents").json()["total"] == 1
    assert archivist.get(f"{API}/documents").json()["total"] == 3
    query = {"q": "bảo vệ chính trị nội bộ"}
    assert reader.get(f"{API}/search", params=query).json()["total"] == 0
    assert archivist.get(f"{API}/search", params=query).json()["total"] == 1
    assert "bảo vệ" not in reader.get("/documents", headers={"Accept": "text/html"}).text
