"""Every row in PostgreSQL, by the cases that SQLite passes too."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.work import Work
from tests.cases.account_rows import AccountRowCases
from tests.cases.arrangement_rows import ArrangementRowCases
from tests.cases.audit_rows import REST, AuditRowCases
from tests.cases.batch_rows import BatchRowCases
from tests.cases.case_rows import CaseRowCases
from tests.cases.document_rows import DocumentRowCases
from tests.cases.member_rows import MemberRowCases
from tests.cases.numbering import NumberingCases
from tests.cases.page_rows import PageRowCases
from tests.cases.post_rows import PostRowCases
from tests.cases.races import RaceCases
from tests.cases.register_races import RegisterRaceCases
from tests.cases.register_rows import RegisterRowCases
from tests.cases.reviews import ReviewCases
from tests.cases.row_values import RowValueCases
from tests.cases.seal_life_rows import SealLifeRowCases
from tests.cases.search_desk import SavedSearchCases, SuggestionCases
from tests.cases.signing_rows import SigningRowCases
from tests.cases.transactions import TransactionCases
from tests.cases.unit_rows import UnitRowCases

pytestmark = pytest.mark.joined


class TestAccountRows(AccountRowCases): ...


class TestAuditRows(AuditRowCases):
    @pytest.mark.parametrize(
        "statement",
        [
            "TRUNCATE audit",
            "TRUNCATE audit, outbox CASCADE",
            "MERGE INTO audit USING (SELECT 1) AS one ON seq = 2 WHEN MATCHED THEN DELETE",
            # a temporary table of the same name comes first on the path, and must not answer for the log
            f"CREATE TEMPORARY TABLE audit ON COMMIT DROP AS SELECT 41 AS seq, {REST} FROM public.audit LIMIT 1; "
            f"INSERT INTO public.audit SELECT 42, {REST} FROM public.audit WHERE seq = 3",
        ],
    )
    def test_no_way_around_the_triggers(self, work: Work, statement: str) -> None:
        with work.begin() as tx:
            for _ in range(3):
                tx.audit.append("a", "b", "c", "done")
        with pytest.raises(IntegrityError, match="audit"), work.begin() as tx:
            tx.audit._ground.connection.exec_driver_sql(statement)


class TestBatchRows(BatchRowCases): ...


class TestCaseRows(CaseRowCases): ...


class TestDocumentRows(DocumentRowCases): ...


class TestPageRows(PageRowCases): ...


class TestReviews(ReviewCases): ...


class TestArrangementRows(ArrangementRowCases): ...


class TestSavedSearches(SavedSearchCases): ...


class TestSuggestions(SuggestionCases): ...


class TestSigningRows(SigningRowCases): ...


class TestTransactions(TransactionCases): ...


class TestRaces(RaceCases): ...


class TestRegisterRaces(RegisterRaceCases): ...


class TestRegisterRows(RegisterRowCases): ...


class TestRowValues(RowValueCases): ...


class TestSealLifeRows(SealLifeRowCases): ...


class TestUnitRows(UnitRowCases): ...


class TestPostRows(PostRowCases): ...


class TestMemberRows(MemberRowCases): ...


class TestNumbering(NumberingCases): ...
