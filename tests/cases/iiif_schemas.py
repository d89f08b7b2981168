"""JSON schemas of the IIIF answers, written here from the texts of the specifications.

IIIF publishes a schema of Presentation 3.0 alone; the models that iiif-prezi3 generates from it are the second judge of
manifests. For Image 3.0 (§5), Content Search 2.0 (§4, §5) and 1.0 (§3, §4) there is none: these say what the texts
require (MUST) and forbid what they do not know.
"""

from typing import Any

from iiif_prezi3 import AnnotationPage, Collection, Manifest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

Schema = dict[str, Any]

ADDRESS: Schema = {"type": "string", "pattern": r"^https?://[^\s]+$"}
WORDS: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
SIDE: Schema = {"type": "integer", "minimum": 1}
IGNORED: Schema = {"type": "array", "items": WORDS, "minItems": 1}
TARGET: Schema = {"type": "string", "pattern": r"^https?://[^\s#]+#xywh=\d+,\d+,[1-9]\d*,[1-9]\d*$"}


def thing(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def const(value: Any) -> Schema:
    return {"const": value}


def some(items: Schema, least: int = 1) -> Schema:
    return {"type": "array", "items": items, "minItems": least}


LANGUAGES: Schema = {
    "type": "object",
    "minProperties": 1,
    "patternProperties": {"^(none|[a-z]{2,3}(-[A-Za-z0-9]+)*)$": some(WORDS)},
    "additionalProperties": False,
}

IMAGE_INFORMATION = thing(
    {
        "@context": const("http://iiif.io/api/image/3/context.json"),
        "id": ADDRESS,
        "type": const("ImageService3"),
        "protocol": const("http://iiif.io/api/image"),
        "profile": {"enum": ["level0", "level1", "level2"]},
        "width": SIDE,
        "height": SIDE,
    },
    {
        "sizes": some(thing({"width": SIDE, "height": SIDE}, {"type": const("Size")})),
        "tiles": some(
            thing({"scaleFactors": some(SIDE), "width": SIDE}, {"height": SIDE, "type": const("Tile")})
        ),
        "maxWidth": SIDE,
        "maxHeight": SIDE,
        "maxArea": SIDE,
        "preferredFormats": some(WORDS),
        "extraFormats": some(WORDS),
        "extraQualities": some(WORDS),
        "extraFeatures": some(
            {
                "enum": [
                    *("baseUriRedirect", "canonicalLinkHeader", "cors", "jsonldMediaType", "mirroring"),
                    *("profileLinkHeader", "regionByPct", "regionByPx", "regionSquare", "rotationArbitrary"),
                    *("rotationBy90s", "sizeByConfinedWh", "sizeByH", "sizeByPct", "sizeByW", "sizeByWh"),
                    "sizeUpscaling",
                ]
            }
        ),
    },
)

_BODY = thing({"type": const("TextualBody"), "value": WORDS}, {"format": WORDS, "language": WORDS})
_QUOTE = thing({"type": const("TextQuoteSelector"), "exact": WORDS}, {"prefix": WORDS, "suffix": WORDS})
_QUOTED = thing({"type": const("SpecificResource"), "source": ADDRESS, "selector": some(_QUOTE)})
_PAGE_REFERENCE = thing({"id": ADDRESS, "type": const("AnnotationPage")})
_CONTEXT = thing(
    {
        "id": ADDRESS,
        "type": const("Annotation"),
        "motivation": {"enum": ["contextualizing", "highlighting"]},
        "target": {"anyOf": [_QUOTED, some(_QUOTED, 2)]},
    }
)

SEARCH_2 = thing(
    {
        "@context": const("http://iiif.io/api/search/2/context.json"),
        "id": ADDRESS,
        "type": const("AnnotationPage"),
        "items": some(
            thing(
                {
                    "id": ADDRESS,
                    "type": const("Annotation"),
                    "motivation": WORDS,
                    "body": _BODY,
                    "target": TARGET,
                }
            ),
            0,
        ),
    },
    {
        "annotations": {
            **some(thing({"type": const("AnnotationPage"), "items": some(_CONTEXT)}, {"id": ADDRESS})),
            "maxItems": 1,
        },
        "ignored": IGNORED,
        "startIndex": COUNT,
        "next": _PAGE_REFERENCE,
        "prev": _PAGE_REFERENCE,
        "partOf": thing(
            {"id": ADDRESS, "type": const("AnnotationCollection"), "first": _PAGE_REFERENCE},
            {"last": _PAGE_REFERENCE, "total": COUNT},
        ),
    },
)
SEARCH_2["dependentRequired"] = {"next": ["partOf"], "prev": ["partOf"], "startIndex": ["partOf"]}

TERMS_2 = thing(
    {
        "@context": const("http://iiif.io/api/search/2/context.json"),
        "id": ADDRESS,
        "type": const("TermPage"),
        "items": some(
            thing(
                {"value": WORDS},
                {"type": const("Term"), "total": COUNT, "label": LANGUAGES, "language": WORDS},
            ),
            0,
        ),
    },
    {"ignored": IGNORED},
)

SEARCH_1 = thing(
    {
        "@context": const(
            ["http://iiif.io/api/presentation/2/context.json", "http://iiif.io/api/search/1/context.json"]
        ),
        "@id": ADDRESS,
        "@type": const("sc:AnnotationList"),
        "resources": some(
            thing(
                {
                    "@id": ADDRESS,
                    "@type": const("oa:Annotation"),
                    "motivation": WORDS,
                    "resource": thing(
                        {"@type": const("cnt:ContentAsText"), "chars": WORDS}, {"format": WORDS}
                    ),
                    "on": TARGET,
                }
            ),
            0,
        ),
    },
    {
        "within": thing(
            {"@type": const("sc:Layer")},
            {"total": COUNT, "first": ADDRESS, "last": ADDRESS, "ignored": IGNORED, "@id": ADDRESS},
        ),
        "next": ADDRESS,
        "prev": ADDRESS,
        "startIndex": COUNT,
        "hits": some(
            thing(
                {"@type": const("search:Hit"), "annotations": some(ADDRESS)},
                {"match": WORDS, "before": {"type": "string"}, "after": {"type": "string"}},
            ),
            0,
        ),
    },
)

TERMS_1 = thing(
    {
        "@context": const("http://iiif.io/api/search/1/context.json"),
        "@id": ADDRESS,
        "@type": const("search:TermList"),
        "terms": some(thing({"match": WORDS, "url": ADDRESS}, {"count": SIDE, "label": WORDS}), 0),
    },
    {"ignored": IGNORED},
)

_SERVICE: Schema = {
    "anyOf": [
        thing({"id": ADDRESS, "type": const("ImageService3"), "profile": WORDS}),
        thing(
            {"id": ADDRESS, "type": const("SearchService2")},
            {"service": some(thing({"id": ADDRESS, "type": const("AutoCompleteService2")}))},
        ),
        thing(
            {
                "@context": const("http://iiif.io/api/search/1/context.json"),
                "@id": ADDRESS,
                "profile": const("http://iiif.io/api/search/1/search"),
            },
            {
                "@type": const("SearchService1"),
                "service": some(
                    thing(
                        {"@id": ADDRESS, "profile": const("http://iiif.io/api/search/1/autocomplete")},
                        {"@type": const("AutoCompleteService1")},
                    )
                ),
            },
        ),
    ]
}
_IMAGE = thing(
    {"id": ADDRESS, "type": const("Image"), "format": const("image/jpeg"), "width": SIDE, "height": SIDE},
    {"service": some(_SERVICE)},
)
_FILE = thing(
    {"id": ADDRESS, "type": {"enum": ["Text", "Dataset"]}, "label": LANGUAGES, "format": WORDS},
    {"language": some(WORDS)},
)
_PAIR = thing({"label": LANGUAGES, "value": LANGUAGES})
_PRESENTATION = const("http://iiif.io/api/presentation/3/context.json")
_CANVAS = thing(
    {
        "id": {"type": "string", "pattern": r"^https?://[^\s#]+$"},
        "type": const("Canvas"),
        "label": LANGUAGES,
        "width": SIDE,
        "height": SIDE,
        "items": some(
            thing(
                {
                    "id": ADDRESS,
                    "type": const("AnnotationPage"),
                    "items": some(
                        thing(
                            {
                                "id": ADDRESS,
                                "type": const("Annotation"),
                                "motivation": const("painting"),
                                "body": _IMAGE,
                                "target": ADDRESS,
                            }
                        )
                    ),
                }
            )
        ),
    },
    {"thumbnail": some(_IMAGE), "annotations": some(_PAGE_REFERENCE)},
)
MANIFEST = thing(
    {
        "@context": _PRESENTATION,
        "id": ADDRESS,
        "type": const("Manifest"),
        "label": LANGUAGES,
        "items": some(_CANVAS),
    },
    {
        "metadata": some(_PAIR, 0),
        "requiredStatement": _PAIR,
        "viewingDirection": const("left-to-right"),
        "behavior": some(WORDS),
        "thumbnail": some(_IMAGE),
        "homepage": some(_FILE),
        "seeAlso": some(_FILE),
        "rendering": some(_FILE),
        "service": some(_SERVICE),
        "partOf": some(thing({"id": ADDRESS, "type": const("Collection")})),
    },
)
COLLECTION = thing(
    {
        "@context": _PRESENTATION,
        "id": ADDRESS,
        "type": const("Collection"),
        "label": LANGUAGES,
        "items": some(
            thing({"id": ADDRESS, "type": {"enum": ["Manifest", "Collection"]}, "label": LANGUAGES}), 0
        ),
    },
    {"requiredStatement": _PAIR},
)
LINES = thing(
    {
        "@context": _PRESENTATION,
        "id": ADDRESS,
        "type": const("AnnotationPage"),
        "items": some(
            thing(
                {
                    "id": ADDRESS,
                    "type": const("Annotation"),
                    "motivation": const("supplementing"),
                    "body": _BODY,
                    "target": TARGET,
                }
            ),
            0,
        ),
    }
)

_MODELS = {"Manifest": Manifest, "Collection": Collection, "AnnotationPage": AnnotationPage}
"""Generated by iiif-prezi3 from the JSON schema of IIIF's own Presentation 3 validator."""


def holds(told: dict[str, Any], schema: Schema) -> None:
    """Assert that an answer is as its specification has it; a Presentation answer passes IIIF's own schema too."""
    assert validator_for(schema, Draft202012Validator) is Draft202012Validator
    faults = sorted(
        Draft202012Validator(schema).iter_errors(told), key=lambda fault: list(fault.absolute_path)
    )
    assert not faults, [(list(fault.absolute_path), fault.message[:300]) for fault in faults]
    if told.get("@context") == _PRESENTATION["const"]:
        _MODELS[told["type"]].model_validate({k: v for k, v in told.items() if k != "@context"})
