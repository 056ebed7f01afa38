"""The list of models: Bedrock's own, the operator's aliases, the plugins'. Refreshed in the background."""

import asyncio
import difflib
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from bedrock_adapter.errors import AccessDeniedError, ServiceError, UnknownModelError
from bedrock_adapter.io import IO
from bedrock_adapter.manager import PluginManager
from bedrock_adapter.model_id import parse_model_id
from bedrock_adapter.streaming import known_form
from bedrock_adapter.types import Json
from bedrock_adapter.wire import WireRequest

_LOG = logging.getLogger(__name__)
_USEFUL = frozenset({"TEXT", "EMBEDDING"})


class ModelListing:
    """Answers `GET /v1/models`.

    An expired list is answered at once while it is refreshed; the first call and `refresh` wait. A call that Bedrock denies
    leaves its part out and is logged, one that fails otherwise leaves it as it was; only if nothing can be listed is it an
    error.
    """

    def __init__(
        self,
        manager: PluginManager,
        io: Callable[[], IO],
        serves: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manager = manager
        self._settings = manager.settings
        self._io = io
        self._serves = serves
        self._clock = clock
        self._models: dict[str, Json] | None = None
        self._parts: list[list[Json]] = [[], [], []]  # foundation models, system's and application's profiles
        self._fresh_until = 0.0
        self._refreshing: asyncio.Task[dict[str, Json]] | None = None

    async def models(self, *, refresh: bool = False) -> list[Json]:
        """OpenAI model objects, in Bedrock's order."""
        if self._models is None or refresh:
            return list((await asyncio.shield(self._shared())).values())
        if self._clock() >= self._fresh_until:
            # Also if it fails: the next attempt is for the next interval.
            self._fresh_until = self._clock() + self._settings.models_ttl
            self._shared()
        return list(self._models.values())

    def _shared(self) -> "asyncio.Task[dict[str, Json]]":
        """The refresh that runs on this loop, or a new one: many callers make one set of calls."""
        task = self._refreshing
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self._refreshing = asyncio.ensure_future(self._refresh())
            task.add_done_callback(_log_failure)
        return task

    async def model(self, model: str) -> Json:
        """One model by id.

        Raises:
            UnknownModelError: it is not listed; the message has close matches.
        """
        await self.models()
        found = (self._models or {}).get(model)
        if found is None:
            close = difflib.get_close_matches(model, list(self._models or ()), 3)
            hint = f"; close are {', '.join(close)}" if close else ""
            raise UnknownModelError(f"the model {model!r} is not listed{hint}", param="model")
        return found

    async def _refresh(self) -> dict[str, Json]:
        listed = await self._bedrock()
        for alias in self._settings.aliases:
            if not set(alias.name) & set("*?["):
                listed.setdefault(alias.name, _entry(alias.name, "alias"))
        for model in self._manager.list_models():
            listed.setdefault(model["id"], {**_entry(model["id"], "bedrock_adapter"), **model})
        self._models = listed
        self._fresh_until = self._clock() + self._settings.models_ttl
        return listed

    async def _bedrock(self) -> dict[str, Json]:
        results = await asyncio.gather(
            self._foundation_models(),
            self._profiles("SYSTEM_DEFINED"),
            self._profiles("APPLICATION"),
            return_exceptions=True,
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, ServiceError):
                raise failure
            _LOG.warning("a part of the model list is missing: %s", failure.message)
        if len(failures) == len(results):
            raise failures[0]
        for index, result in enumerate(results):
            if isinstance(result, list | AccessDeniedError):  # other failures pass: what was listed before still holds
                self._parts[index] = result if isinstance(result, list) else []
        foundation, system, application = self._parts
        with known_form():
            return _joined(foundation, [*system, *application], self._serves)

    async def _foundation_models(self) -> list[Json]:
        answer = await self._io().bedrock(WireRequest("ListFoundationModels"))
        with known_form():
            return list(answer.json().get("modelSummaries", []))

    async def _profiles(self, kind: str) -> list[Json]:
        found: list[Json] = []
        query = {"maxResults": "1000", "type": kind}
        while True:
            answer = await self._io().bedrock(WireRequest("ListInferenceProfiles", query=query))
            with known_form():
                found += answer.json().get("inferenceProfileSummaries", [])
                token = answer.json().get("nextToken")
            if not token:
                return found
            query = {**query, "nextToken": token}


def _joined(foundation: Iterable[Json], profiles: Iterable[Json], serves: Callable[[str], bool]) -> dict[str, Json]:
    """Foundation models callable by id, and profiles, which carry no modalities of their own; what can be served."""
    listed: dict[str, Json] = {}
    useless: set[str] = set()
    owners: dict[str, str] = {}
    for summary in foundation:
        base = parse_model_id(summary["modelId"]).base
        owners[base] = summary.get("providerName", "bedrock")
        if not _USEFUL & set(summary.get("outputModalities", _USEFUL)) or not serves(base):
            useless.add(base)
        elif "ON_DEMAND" in summary.get("inferenceTypesSupported", ["ON_DEMAND"]):
            born = summary.get("modelLifecycle", {}).get("startOfLifeTime")
            listed[summary["modelId"]] = _entry(summary["modelId"], owners[base], born)
    for profile in profiles:
        base = next((parse_model_id(model["modelArn"]).base for model in profile.get("models", [])), "")
        if base in useless or not serves(base):
            continue
        name = profile["inferenceProfileArn" if profile.get("type") == "APPLICATION" else "inferenceProfileId"]
        listed[name] = _entry(name, owners.get(base, "bedrock"), profile.get("createdAt"))
    return listed


def _entry(model: str, owner: str, born: str | None = None) -> Json:
    return {"id": model, "object": "model", "created": _epoch(born), "owned_by": owner}


def _epoch(iso: str | None) -> int:
    try:
        return int(datetime.fromisoformat(iso).timestamp()) if iso else 0
    except ValueError:
        return 0


def _log_failure(task: "asyncio.Task[dict[str, Json]]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _LOG.warning("the model list could not be refreshed: %s", error)
