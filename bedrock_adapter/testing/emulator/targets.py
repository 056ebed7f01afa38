"""From a model id, profile id or ARN to the model behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .refusals import refusal
from .tables import Family, Model, family_of, models

GEOS = ("us-gov", "us", "eu", "apac", "jp", "au", "ca", "in", "global")
ACCOUNT = "123456789012"
_ARN = re.compile(r"arn:aws[^:]*:bedrock:(?P<region>[^:]*):(?P<account>[^:]*):(?P<kind>[a-z-]+)/(?P<name>.+)")

# ARNs that hide their model, by what a test would find in a real account. Tests add their own to `BedrockEmulator.arns`.
DEFAULT_ARNS = {
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/team-claude": (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    ),
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/team-nova": "us.amazon.nova-lite-v1:0",
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/team-embed": "amazon.titan-embed-text-v2:0",
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:provisioned-model/abcdef123456": "amazon.nova-pro-v1:0",
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:custom-model-deployment/abcdef123456": "amazon.nova-lite-v1:0",
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:default-prompt-router/anthropic.claude:1": (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    ),
    f"arn:aws:bedrock:us-east-1:{ACCOUNT}:prompt/PROMPT0001:1": "us.amazon.nova-lite-v1:0",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A resolved model.

    ``kind`` is ``model``, ``inference-profile`` or the ARN's resource type; ``base`` tells whether the base id was used.
    """

    requested: str
    model: Model
    kind: str
    base: bool

    @property
    def family(self) -> Family:
        """Rules of the model's family."""
        return family_of(self.model.id)


def split_geo(model_id: str) -> tuple[str, str]:
    """``us.amazon.nova-lite-v1:0`` to its prefix and base id; an empty prefix if there is none."""
    for geo in GEOS:
        if model_id.startswith(geo + "."):
            return geo, model_id[len(geo) + 1 :]
    return "", model_id


def resolve(model_id: str, arns: Mapping[str, str], *, on_demand: bool = True) -> Target:
    """The target, or the refusal of rules 55, 57 or 61; ``on_demand=False`` lets profile-only base ids through."""
    kind, name = "model", model_id
    if model_id.startswith("arn:"):
        match = _ARN.fullmatch(model_id)
        if match is None:
            raise refusal("unknown_model")
        kind, name = match["kind"], match["name"]
        if kind not in ("foundation-model", "inference-profile"):
            if model_id not in arns:
                raise refusal("unknown_model")
            hidden = resolve(arns[model_id], arns, on_demand=False)
            return Target(model_id, hidden.model, kind, False)
    geo, base = split_geo(name)
    model = models().get(base)
    if model is None or (geo and geo not in model.profiles):
        raise refusal("unknown_model")
    if model.lifecycle == "EOL":
        raise refusal("end_of_life")
    if not geo and on_demand and not model.on_demand:
        raise refusal("no_on_demand", model=base)
    return Target(model_id, model, "inference-profile" if geo else "model", not geo)


def check_access(target: Target, access: Mapping[str, str]) -> None:
    """Refuse a model that ``BedrockEmulator.access`` denies: globs on base ids to the names of refusals."""
    for glob, rule in access.items():
        if fnmatchcase(target.model.id, glob):
            raise refusal(rule, model=target.model.id)
