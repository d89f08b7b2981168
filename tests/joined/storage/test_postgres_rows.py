"""Every row in PostgreSQL, by the cases that SQLite passes too."""

import pytest

from tests.cases.account_rows import AccountRowCases
from tests.cases.batch_rows import BatchRowCases
from tests.cases.document_rows import DocumentRowCases
from tests.cases.page_rows import PageRowCases
from tests.cases.races import RaceCases
from tests.cases.transactions import TransactionCases

pytestmark = pytest.mark.joined


class TestAccountRows(AccountRowCases): ...


class TestBatchRows(BatchRowCases): ...


class TestDocumentRows(DocumentRowCases): ...


class TestPageRows(PageRowCases): ...


class TestTransactions(TransactionCases): ...


class TestRaces(RaceCases): ...
