"""What the proxy offers: deployments of ours in LiteLLM's Router, since LiteLLM lists nothing for a custom provider's wildcard.

Some follow from the settings alone and are there before any discovery: the provider's wildcard, aliases, OpenAI's names where a
default is set. The rest is Bedrock's list, brought up to date at each interval.
"""

import asyncio
import fnmatch
import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from bedrock_adapter.errors import AdapterError
from bedrock_adapter.hosts.litellm.prices import PRICES
from bedrock_adapter.hosts.litellm.routers import view
from bedrock_adapter.hosts.litellm.state import HOST, PREFIX, PROVIDER
from bedrock_adapter.hosts.litellm.thinking import share
from bedrock_adapter.model_id import parse_model_id
from bedrock_adapter.settings import Settings
from bedrock_adapter.types import Json

_LOG = logging.getLogger(__name__)
_PROXY = "litellm.proxy.proxy_server"
_ID_PREFIX = PROVIDER + ":"
_WILDCARD = PREFIX + "*"
_OPENAI_NAMES = {"gpt-*": "default_model", "text-embedding-*": "default_embedding_model"}
_SLOWEST_LOOK = 1.0


class Offer(NamedTuple):
    """One deployment: the name that clients use, and what is called for it, without our prefix."""

    name: str
    model: str

    @property
    def id(self) -> str:
        return _ID_PREFIX + self.name


class Publisher:
    """Keeps one Router's deployments of ours equal to what is to be offered. Used on one event loop.

    Attributes:
        found: what discovery has brought.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.found: list[Offer] = []
        self._offered: list[Offer] = []

    def discovered(self, models: Iterable[Json]) -> None:
        """Take over a new list of OpenAI model objects. Aliases in it are offered by their own names already."""
        self.found = [Offer(PREFIX + model["id"], model["id"]) for model in models if model["owned_by"] != "alias"]

    def publish(self, router: Any) -> None:
        """Add what is missing in `router`, remove what is ours and no longer offered. An operator's entry of a name wins."""
        seen = view(router)
        entries = seen.entries()
        self._offered = wanted = self._wanted([entry for entry in entries if not _is_ours(entry)], seen.aliases())
        ours = {entry["model_info"]["id"] for entry in entries if _is_ours(entry)}
        gone = sorted(ours - {offer.id for offer in wanted})
        new = [_deployment(offer) for offer in wanted if offer.id not in ours]
        if new or gone:
            seen.change(new, gone)

    def restore(self, router: Any) -> None:
        """Publish again if deployments are gone: with models in a database, LiteLLM evicts all that it has not stored."""
        if not self._offered or not view(router).has(self._offered[0].id):
            self.publish(router)

    def _wanted(self, operators: list[Mapping[str, Any]], aliases: Iterable[str]) -> list[Offer]:
        taken = {*(entry["model_name"] for entry in operators), *aliases}
        return [offer for offer in offered(self._settings, self.found, operators) if offer.name not in taken]


def _deployment(offer: Offer) -> Any:
    """LiteLLM's deployment, priced, and with the mode that its listing and its health checks go by."""
    from litellm.types.router import Deployment, LiteLLM_Params, ModelInfo

    if "*" not in offer.name:
        PRICES.ensure(offer.model, served=False)
    profile = HOST.adapter.router.catalogue.profile(parse_model_id(offer.model).base)
    mode = "embedding" if profile.kind == "embedding" else "chat"
    return Deployment(
        model_name=offer.name,
        litellm_params=LiteLLM_Params(model=PREFIX + offer.model),
        model_info=ModelInfo(id=offer.id, mode=mode, db_model=False),
    )


def offered(
    settings: Settings, discovered: Iterable[Offer], operators: Iterable[Mapping[str, Any]] = ()
) -> list[Offer]:
    """What the setting `publish` makes of settings, discovery and the operator's own deployments."""
    publish = settings.publish
    if "none" in publish or (publish == ("auto",) and _is_closed(operators)):
        return []
    everything = [*_standing(settings), *discovered]
    if {"auto", "all"} & set(publish):
        return everything
    # A glob is offered as a wildcard of its own, so that it holds before discovery and for ids that are not listed.
    globs = [Offer(PREFIX + glob, glob) for glob in publish if "*" in glob and not set(glob) & set("?[")]
    return list(dict.fromkeys([*globs, *(offer for offer in everything if _matches(offer, settings, publish))]))


def _standing(settings: Settings) -> list[Offer]:
    """The offers that need no discovery."""
    aliases = [Offer(alias.name, alias.name) for alias in settings.aliases if not set(alias.name) & set("?[")]
    names = [Offer(name, name) for name, setting in _OPENAI_NAMES.items() if getattr(settings, setting)]
    return list(dict.fromkeys([Offer(_WILDCARD, "*"), *aliases, *names]))


def _matches(offer: Offer, settings: Settings, globs: Iterable[str]) -> bool:
    """Is the offer, or the model that it stands for, one of those to be published?"""
    if offer.name == _WILDCARD:
        return False
    alias = settings.alias(offer.model)
    stands_for = alias.model if alias else getattr(settings, _OPENAI_NAMES.get(offer.name, ""), None)
    meant = [name for name in (offer.model, stands_for) if name]
    return any(fnmatch.fnmatchcase(name, glob) for name in meant for glob in globs)


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return str((entry.get("model_info") or {}).get("id", "")).startswith(_ID_PREFIX)


def _is_closed(operators: Iterable[Mapping[str, Any]]) -> bool:
    """Does the operator's list name models of ours, and no wildcard of ours? Then it stays the only door."""
    names = [
        (str(entry["model_name"]), str(params.get("model", "")))
        for entry in operators
        if (params := entry.get("litellm_params") or {}).get("custom_llm_provider") == PROVIDER
        or str(params.get("model", "")).startswith(PREFIX)
    ]
    return bool(names) and not any("*" in name or "*" in model for name, model in names)


# -- in the proxy ---------------------------------------------------------------------------------------------------


class _Running(NamedTuple):
    task: "asyncio.Task[None]"
    publisher: Publisher


_running: _Running | None = None


def start() -> None:
    """Publish in the background for as long as this event loop runs; nothing outside of a proxy's loop, and never twice."""
    global _running  # noqa: PLW0603 - one per process, as the proxy and its Router are
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if _PROXY not in sys.modules or (_running and _running.task.get_loop() is loop and not _running.task.done()):
        return
    publisher = Publisher(HOST.adapter.settings)
    _running = _Running(loop.create_task(_keep_publishing(publisher)), publisher)


def restore() -> None:
    """Make sure that what is offered is in the Router: one look-up where it is."""
    router = _router()
    if _running is not None and router is not None:
        _running.publisher.restore(router)


def _router() -> Any:
    return getattr(sys.modules.get(_PROXY), "llm_router", None)


async def _keep_publishing(publisher: Publisher) -> None:
    from bedrock_adapter.hosts.litellm.registration import register

    router = await _router_built()
    register()  # a config's own provider map has replaced ours by now
    publisher.publish(router)
    share(HOST.adapter, router)
    failure = ""
    while True:
        try:
            publisher.discovered(await HOST.adapter.amodels(refresh=True))
            failure = ""
        except AdapterError as error:
            if error.message != failure:
                _LOG.warning("models could not be discovered; those that settings name are offered: %s", error.message)
            failure = error.message
        if (router := _router()) is not None:
            publisher.publish(router)
            share(HOST.adapter, router)
        await asyncio.sleep(max(1.0, HOST.adapter.settings.models_ttl))


async def _router_built() -> Any:
    """The Router, which LiteLLM builds after it has read the provider map; or later, with the first model in its database."""
    pause = 0.01
    while (router := _router()) is None:
        await asyncio.sleep(pause)
        pause = min(pause * 1.1, _SLOWEST_LOOK)
    return router
