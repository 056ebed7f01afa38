"""Model strings: plain ids, geo prefixes, ARNs, and the forms of LiteLLM's own route. No SDK, no network.

Sources: `modelId` of the Bedrock Converse API reference (pattern `ConversationalModelId`); the geo prefixes of cross-region
inference profiles.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from bedrock_adapter.wire import Target

GEO_PREFIXES = frozenset({
    "af", "amer", "apac", "au", "ca", "eu", "global", "il", "in", "jp", "kr", "me", "mx", "sa", "uk", "us", "us-gov",
})  # fmt: skip
"""Prefixes of cross-region inference profiles (Amazon Bedrock user guide; the rarer ones as client libraries list them)."""
_ROUTE_FORMS = frozenset({"bedrock_adapter", "bedrock", "converse", "converse_like", "invoke"})
_REGION = re.compile(r"(?:us|eu|ap|ca|sa|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-[a-z]+-\d")
_ARN = re.compile(
    r"arn:(?P<partition>aws[^:]*):(?P<service>bedrock|sagemaker):(?P<region>(?:[a-z](?:[a-z0-9-]{0,60}[a-z0-9])?)?):(?P<account>\d*):(?P<rest>.+)"
)
# The last path segment of these is a model id or a geo-prefixed one.
_TRANSPARENT_KINDS = frozenset({"foundation-model", "inference-profile"})


@dataclass(frozen=True, slots=True)
class ModelId:
    """What a model string means.

    Attributes:
        requested: the string as the client sent it.
        wire: the id or ARN that goes into Bedrock's path.
        base: normalised id for the catalogue: no geo prefix, no `:0` revision; "" where it is unknown.
        geo: geo prefix (`us`, `global`, …) or None.
        kind: `model`, or an ARN's resource type, e.g. `application-inference-profile`.
        opaque: the string hides the model; the adapter looks it up before it builds the route.
        answer: the name that answers carry.
        target: endpoint and credentials that the string or its alias selects.
        defaults: request fields that the alias sets where the client is silent, e.g. `guardrail_config`.
    """

    requested: str
    wire: str
    base: str
    geo: str | None = None
    kind: str = "model"
    opaque: bool = False
    answer: str = ""
    target: Target = field(default_factory=Target)
    defaults: tuple[tuple[str, Any], ...] = ()

    def known_as(self, base_model: str) -> "ModelId":
        """The same id, with the model behind it told."""
        return replace(self, base=parse_model_id(base_model).base, opaque=False)


def parse_model_id(text: str) -> ModelId:
    """Understand any model string that Bedrock, LiteLLM or an ARN can say; never fails, unknown text is taken as an id.

    >>> parse_model_id("bedrock/eu-west-1/eu.anthropic.claude-sonnet-4-5-20250929-v1:0").base
    'anthropic.claude-sonnet-4-5-20250929-v1'
    """
    rest, region = _strip_route_forms(text)
    match = _ARN.fullmatch(rest)
    if match is None:
        geo, base = _split_geo(rest)
        return ModelId(text, rest, base, geo, answer=text, target=Target(region=region))
    kind, _, name = match["rest"].lstrip(":").partition("/")
    if match["service"] == "sagemaker":
        kind = "sagemaker-endpoint"
    region = region or match["region"] or None
    target = Target(region=region)
    if kind in _TRANSPARENT_KINDS:
        geo, base = _split_geo(name.rpartition("/")[2])
        return ModelId(text, rest, base, geo, kind, answer=text, target=target)
    # A custom model's ARN names its base model: custom-model/<base>/<id>; `imported` is no base model.
    named = name.split("/")[0] if kind == "custom-model" and "/" in name else ""
    base = _split_geo(named)[1] if "." in named else ""
    return ModelId(text, rest, base, None, kind, opaque=not base, answer=text, target=target)


def _strip_route_forms(text: str) -> tuple[str, str | None]:
    """Remove `bedrock_adapter/`, `converse/`, `<region>/` … from the front; an ARN's own slashes stay."""
    region = None
    while not text.startswith("arn:"):
        head, slash, tail = text.partition("/")
        if not slash or not tail:
            break
        if _REGION.fullmatch(head):
            region = head
        elif head not in _ROUTE_FORMS:
            break
        text = tail
    return text, region


def _split_geo(model: str) -> tuple[str | None, str]:
    head, dot, tail = model.partition(".")
    geo = head if dot and head in GEO_PREFIXES and "." in tail else None
    base = tail if geo else model
    return geo, base.partition(":")[0]
