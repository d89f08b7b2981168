"""The rules of pyHanko's difference analysis, less one false alarm about locked fields, and each step looked at once.

pyHanko asks about the appearance of every field whenever any revision follows, also of those the revision did not
touch; under a field lock (FieldMDP) it then refuses every later signature of a form that has a drawn field.

It also compares the revision of every signature with every later one: a letter with twenty signatures has sixty
revisions and more than a thousand such comparisons. See docs/decisions/0103.
"""

import logging
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    GenericFieldModificationRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdate
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

# it logs the whole trace of every forbidden change as an error of the program; the verdict names the change in words
logging.getLogger("pyhanko.sign.diff_analysis.policies").setLevel(logging.CRITICAL)


class _TouchedFields(FormUpdatingRule):
    """Speaks only of objects that were written again."""

    def apply(
        self, old: HistoricalResolver, new: HistoricalResolver
    ) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        for level, update in super().apply(old, new):
            reference = update.updated_ref
            if reference is None or _place(old, reference) != _place(new, reference):
                yield level, update


def _place(view: HistoricalResolver, reference: Reference) -> object:
    try:
        return view.reader.xrefs.get_historical_ref(reference, view.revision)
    except KeyError:
        return None


class StepwisePolicy(StandardDiffPolicy):
    """Asks first whether each revision is a permitted step from the one before it, and keeps that answer for the file.

    A step does not depend on which signature asks, but for the fields that this one locks and whether it certifies; so
    what permits every step since its revision is permitted, and whoever is not answered so is answered by the whole
    comparison, as ever: nobody gets a harder answer than before. Nor a softer one: what a step changes is judged beside
    the revision it was made upon, where all that the older one held is still reached, or it was let go by a permitted
    step and shows nothing any more.
    """

    def __init__(self, *rules: object, **more: object) -> None:
        super().__init__(*rules, **more)  # type: ignore[arg-type]
        self._steps: WeakKeyDictionary[PdfFileReader, dict[tuple[int, bool], DiffResult | None]]
        self._steps = WeakKeyDictionary()

    def review_file(
        self,
        reader: PdfFileReader,
        base_revision: int | HistoricalResolver,
        field_mdp_spec: FieldMDPSpec | None = None,
        doc_mdp: MDPPerm | None = None,
    ) -> DiffResult | SuspiciousModification:
        """Return what came after `base_revision`, as pyHanko's own policy does."""
        base = base_revision if isinstance(base_revision, int) else base_revision.revision
        known = self._steps.setdefault(reader, {})
        level, changed = ModificationLevel.NONE, set[str]()
        for revision in range(base + 1, reader.xrefs.total_revisions):
            asked = revision, doc_mdp is not None
            if asked not in known:
                known[asked] = self._step(reader, revision, doc_mdp)
            step = known[asked]
            if step is None or (
                field_mdp_spec and any(map(field_mdp_spec.is_locked, step.changed_form_fields))
            ):
                return super().review_file(reader, base_revision, field_mdp_spec, doc_mdp)
            level = max(level, step.modification_level)
            changed |= step.changed_form_fields
        return DiffResult(level, changed)

    def _step(self, reader: PdfFileReader, revision: int, doc_mdp: MDPPerm | None) -> DiffResult | None:
        """Return the step from one revision to the next as no lock would forbid it; None: it is not understood."""
        before, after = (reader.get_historical_resolver(number) for number in (revision - 1, revision))
        try:
            return self.apply(before, after, doc_mdp=doc_mdp)
        except (PdfError, ValueError, TypeError, KeyError, NotImplementedError):
            return None


POLICY = StepwisePolicy(
    global_rules=[
        CatalogModificationRule(),  # type: ignore[no-untyped-call]
        DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),  # type: ignore[no-untyped-call]
    ],
    form_rule=_TouchedFields(
        field_rules=[
            SigFieldCreationRule(),  # type: ignore[no-untyped-call]
            SigFieldModificationRule(),
            GenericFieldModificationRule(),
        ],
    ),
)
"""What may follow a signature, as far as objects go."""
