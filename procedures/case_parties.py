"""As what somebody has a part in cases: what `machine.may_see` asks of one case, asked for all of them at once.

Lists of cases, and finding and reading the papers that cases left in the archive, rest on this one answer
(`records/parties.py`), so whoever gets or loses a post sees more or less of all of them with the next request.
"""

from datetime import date

from procedures.case_facts import person_of
from procedures.definition_read import Definitions
from records.case import Person
from records.parties import Party, PartyKind, parties_for
from storage.work import Tx


def parties_in(definitions: Definitions, person: Person, today: date) -> frozenset[Party]:
    """Return as what a person has a part in cases on `today`, by roles, as a member, and as who opens cases."""
    acts = {
        (definition.code, one.unit_id)
        for definition in definitions.all()
        for one in person.acting
        if one.role in definition.roles and one.holds_on(today)
    }
    return parties_for(person.account_id, person.member_id, acts)


def parties_of_account(tx: Tx, definitions: Definitions, account_id: str) -> frozenset[Party]:
    """Return the parties of an account today, () when it has no part in any case: then only its roles say what it sees.

    Whoever never opened a case about nobody is no opener.
    """
    found = parties_in(definitions, person_of(tx, account_id), tx.units.today())
    opener = Party(PartyKind.OPENER, account_id)
    return found if tx.cases.opened_any(account_id) else found - {opener}
