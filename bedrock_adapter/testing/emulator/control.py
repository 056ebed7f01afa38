"""The control plane: listings of models, inference profiles and prompt routers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from .refusals import refusal
from .state import State
from .tables import PROVIDERS, Model, family_of, models
from .targets import ACCOUNT, split_geo

_ROUTES = [
    ("ListFoundationModels", re.compile(r"/foundation-models")),
    ("GetFoundationModel", re.compile(r"/foundation-models/([^/]+)")),
    ("GetFoundationModelAvailability", re.compile(r"/foundation-model-availability/([^/]+)")),
    ("ListInferenceProfiles", re.compile(r"/inference-profiles")),
    ("GetInferenceProfile", re.compile(r"/inference-profiles/([^/]+)")),
    ("ListPromptRouters", re.compile(r"/prompt-routers")),
    ("GetPromptRouter", re.compile(r"/prompt-routers/([^/]+)")),
    ("ListProvisionedModelThroughputs", re.compile(r"/provisioned-model-throughputs")),
    ("ListCustomModels", re.compile(r"/custom-models")),
    ("ListCustomModelDeployments", re.compile(r"/model-customization/custom-model-deployments")),
    ("ListImportedModels", re.compile(r"/imported-models")),
    ("ListMarketplaceModelEndpoints", re.compile(r"/marketplace-model/endpoints")),
]
_EMPTY = {
    "ListProvisionedModelThroughputs": "provisionedModelSummaries",
    "ListCustomModels": "modelSummaries",
    "ListCustomModelDeployments": "modelDeploymentSummaries",
    "ListImportedModels": "modelSummaries",
    "ListMarketplaceModelEndpoints": "marketplaceModelEndpoints",
}
CREATED = "2026-01-01T00:00:00Z"
# Destination regions of a geo's profiles, and in which regions its profiles are listed.
_REGIONS = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-west-1", "eu-west-3", "eu-north-1"),
    "apac": ("ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "ca": ("ca-central-1", "ca-west-1"),
    "in": ("ap-south-1", "ap-south-2"),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "global": ("",),
}


def route(method: str, path: str) -> tuple[str, str]:
    """The operation that a request asks for, and the identifier in its path."""
    for operation, pattern in _ROUTES:
        match = pattern.fullmatch(path)
        if match and method == "GET":
            return operation, unquote(match[1]) if match.groups() else ""
    raise refusal("unknown_operation")


def answer(operation: str, identifier: str, query: Mapping[str, str], state: State, region: str) -> dict[str, Any]:
    """The body of a control-plane answer."""
    if operation in _EMPTY:
        return {_EMPTY[operation]: []}
    handlers: dict[str, Callable[[], dict[str, Any]]] = {
        "ListFoundationModels": lambda: {"modelSummaries": list(_list_models(query, region))},
        "GetFoundationModel": lambda: {"modelDetails": _summary(_model(identifier), region)},
        "GetFoundationModelAvailability": lambda: _availability(_model(identifier)),
        "ListInferenceProfiles": lambda: _page("inferenceProfileSummaries", _profiles(state, region), query),
        "GetInferenceProfile": lambda: _get_profile(identifier, state, region),
        "ListPromptRouters": lambda: _page("promptRouterSummaries", _routers(state, region), query),
        "GetPromptRouter": lambda: _find(_routers(state, region), "promptRouterArn", identifier),
    }
    return handlers[operation]()


def _model(identifier: str) -> Model:
    base = identifier.rpartition("foundation-model/")[2]
    model = models().get(base)
    if model is None or model.lifecycle == "EOL":
        raise refusal("no_foundation_model", id=identifier)
    return model


def _inputs(model: Model) -> list[str]:
    if model.embedding:
        return list(model.inputs)
    family = family_of(model.id)
    wanted = {"TEXT": True, "IMAGE": family.images, "VIDEO": family.video, "SPEECH": family.audio}
    return [name for name, has in wanted.items() if has]


def _summary(model: Model, region: str) -> dict[str, Any]:
    lifecycle: dict[str, Any] = {"status": model.lifecycle, "startOfLifeTime": CREATED}
    if model.retires:
        lifecycle["endOfLifeTime"] = f"{model.retires}T00:00:00Z"
    return {
        "modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model.id}",
        "modelId": model.id,
        "modelName": model.id.partition(".")[2],
        "providerName": PROVIDERS[model.id.partition(".")[0]],
        "inputModalities": _inputs(model),
        "outputModalities": ["EMBEDDING" if model.embedding else "TEXT"],
        "responseStreamingSupported": not model.embedding and family_of(model.id).streaming,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"] if model.on_demand else ["INFERENCE_PROFILE"],
        "modelLifecycle": lifecycle,
    }


def _list_models(query: Mapping[str, str], region: str) -> Iterable[dict[str, Any]]:
    for model in models().values():
        summary = _summary(model, region)
        if (
            model.lifecycle != "EOL"
            and query.get("byProvider", summary["providerName"]).lower() == summary["providerName"].lower()
            and query.get("byOutputModality", summary["outputModalities"][0]) in summary["outputModalities"]
            and query.get("byInferenceType", summary["inferenceTypesSupported"][0])
            in summary["inferenceTypesSupported"]
            and "byCustomizationType" not in query
        ):
            yield summary


def _availability(model: Model) -> dict[str, Any]:
    return {
        "modelId": model.id,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }


def _listed_in(geo: str, region: str) -> bool:
    return geo == "global" or region in _REGIONS[geo]


def _system_profile(geo: str, model: Model, region: str) -> dict[str, Any]:
    profile_id = f"{geo}.{model.id}"
    regions = (*_REGIONS[geo], region) if geo == "global" else _REGIONS[geo]
    return {
        "inferenceProfileName": f"{geo.upper()} {model.id.partition('.')[2]}"[:64],
        "description": f"Routes requests to {model.id} in {geo}.",
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "inferenceProfileArn": f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{profile_id}",
        "models": [{"modelArn": f"arn:aws:bedrock:{each}::foundation-model/{model.id}"} for each in regions],
        "inferenceProfileId": profile_id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def _application_profile(arn: str, behind: str, region: str) -> dict[str, Any]:
    geo, base = split_geo(behind)
    regions = _REGIONS[geo] if geo else (region,)
    name = arn.rpartition("/")[2]
    return {
        "inferenceProfileName": name,
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "inferenceProfileArn": arn,
        "models": [{"modelArn": f"arn:aws:bedrock:{each}::foundation-model/{base}"} for each in regions],
        "inferenceProfileId": name,
        "status": "ACTIVE",
        "type": "APPLICATION",
    }


def _profiles(state: State, region: str) -> list[dict[str, Any]]:
    found = [
        _system_profile(geo, model, region)
        for model in models().values()
        for geo in model.profiles
        if model.lifecycle != "EOL" and _listed_in(geo, region)
    ]
    for arn, behind in state.arns.items():
        if ":application-inference-profile/" in arn:
            found.append(_application_profile(arn, behind, region))
    return found


def _get_profile(identifier: str, state: State, region: str) -> dict[str, Any]:
    name = identifier.rpartition("/")[2]
    geo, base = split_geo(name)
    model = models().get(base)
    if geo and model is not None and geo in model.profiles:
        return _system_profile(geo, model, region)
    for arn, behind in state.arns.items():
        if ":application-inference-profile/" in arn and identifier in (arn, arn.rpartition("/")[2]):
            return _application_profile(arn, behind, region)
    raise refusal("no_profile", id=identifier)


def _routers(state: State, region: str) -> list[dict[str, Any]]:
    return [
        {
            "promptRouterName": arn.rpartition("/")[2].replace(":", "-"),
            "routingCriteria": {"responseQualityDifference": 0},
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "promptRouterArn": arn,
            "models": [{"modelArn": f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{behind}"}],
            "fallbackModel": {"modelArn": f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{behind}"},
            "status": "AVAILABLE",
            "type": "default" if ":default-prompt-router/" in arn else "custom",
        }
        for arn, behind in state.arns.items()
        if "prompt-router/" in arn
    ]


def _find(found: list[dict[str, Any]], key: str, identifier: str) -> dict[str, Any]:
    for each in found:
        if each[key] == identifier:
            return each
    raise refusal("no_profile", id=identifier)


def _page(name: str, found: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """One page of a listing: filtered by ``type``, ``maxResults`` at a time, resumed by ``nextToken``."""
    wanted = [each for each in found if query.get("type", each["type"]) == each["type"]]
    size = int(query.get("maxResults", 100))
    if not 1 <= size <= 1000:
        constraint = (
            f"Member must have value {'greater' if size < 1 else 'less'} than or equal to {1 if size < 1 else 1000}"
        )
        raise refusal("violations", reason=f"Value '{size}' at 'maxResults' failed to satisfy constraint: {constraint}")
    start = _offset(query.get("nextToken"), len(wanted))
    page: dict[str, Any] = {name: wanted[start : start + size]}
    if start + size < len(wanted):
        page["nextToken"] = f"page-{start + size}"
    return page


def _offset(token: str | None, limit: int) -> int:
    if token is None:
        return 0
    match = re.fullmatch(r"page-(\d+)", token)
    if match is None or int(match[1]) >= limit:
        raise refusal("next_token")
    return int(match[1])
