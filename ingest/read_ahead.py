"""Read pages before it is known to which document they belong, because what is on them decides that.

Only pages of runs without separator sheets; nothing is read twice, since step 4 finds these readings there.
"""

from collections.abc import Sequence

from ingest.first_page import opening
from ingest.recognise import read_page
from ingest.tools import IngestTools
from records.page_checks import Finding, PageCheck
from storage.pages import Page


def read_ahead(tools: IngestTools, pages: Sequence[Page]) -> int:
    """Read pages of a delivery and keep what each tells of being a first page; return how many begin a document.

    Safe to repeat. A page that cannot be read begins nothing.
    """
    begin = 0
    for page in pages:
        read_page(tools, page)
        with tools.work.reading() as tx:
            text = tx.pages.reading_of_page(page.id)
        found = opening(text)
        begin += found.begins
        with tools.work.begin() as tx:
            check = PageCheck(Finding.FIRST_PAGE, found.score, {"printed": found.printed})
            tx.page_checks.add({page.id: [check]})
    return begin
