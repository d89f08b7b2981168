"""Open and move cases from pages: the form's key makes sending twice harmless, as the rows themselves remember it."""

from api.schemas.cases import CaseIn, MoveIn
from api.services.cases import history_key, person_of_actor
from api.tools import Tools
from procedures.case_desk import move_with_paper
from procedures.cases import open_case
from records.access import Actor
from records.case import Case


def open_from_form(tools: Tools, actor: Actor, wanted: CaseIn, form_key: str) -> Case:
    """Open a case. Raises as `procedures.cases.open_case`."""
    person = person_of_actor(tools, actor)
    return open_case(
        tools.cases.tools,
        person,
        wanted.procedure,
        wanted.ask(history_key(actor, form_key, "form")),
        wanted.member_id,
    )


def move_from_form(tools: Tools, actor: Actor, case_id: str, wanted: MoveIn, form_key: str) -> Case:
    """Move a case with its paper. Raises as `procedures.case_desk.move_with_paper`."""
    person = person_of_actor(tools, actor)
    ask = wanted.ask(history_key(actor, form_key, "form"))
    return move_with_paper(tools.cases, person, case_id, wanted.revision, ask)
