"""The rules of pyHanko's difference analysis, less one false alarm about locked fields.

pyHanko asks about the appearance of every field whenever any revision follows, also of those the revision did not
touch; under a field lock (FieldMDP) it then refuses every later signature of a form that has a drawn field.
"""

from collections.abc import Iterable

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
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
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdate


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


POLICY = StandardDiffPolicy(
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
