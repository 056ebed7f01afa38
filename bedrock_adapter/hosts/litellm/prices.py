"""Prices: what LiteLLM's own table says of a Bedrock model, entered under the strings that we serve it by."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

import litellm

from bedrock_adapter.errors import AdapterError
from bedrock_adapter.hosts.litellm.state import HOST, PREFIX, PROVIDER
from bedrock_adapter.model_id import ModelId, parse_model_id
from bedrock_adapter.settings import Settings
from bedrock_adapter.types import Json

_LOG = logging.getLogger(__name__)
_SOURCES = frozenset({"bedrock", "bedrock_converse", PROVIDER})
_CACHE_PRICES = ("cache_read_input_token_cost", "cache_creation_input_token_cost")
_Key = tuple[str | None, str | None, str]


class Prices:
    """Registers prices and remembers for what there is none. Thread-safe; bounded, since model strings are client input."""

    LIMIT = 4096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexed: tuple[object, dict[_Key, Json]] = (None, {})
        self._entered = 0
        self._unpriced: set[str] = set()

    def ensure(self, model: str, base_model: str | None = None, *, served: bool = True) -> None:
        """See to it that LiteLLM can price `model`; once it is served, warn (once) where it cannot.

        `base_model` is the Bedrock id behind an opaque one, where the operator has told it.
        """
        # A price that is there stays. LiteLLM replaces its table on a reload, so the table is asked each time.
        if PREFIX + model in litellm.model_cost or model in self._unpriced:
            return
        meant = _resolved(model, base_model)
        if meant is None or meant.opaque:  # not looked up yet
            return
        price = self._price(meant)
        if price is None and not served:
            return
        with self._lock:
            if self._entered < self.LIMIT:
                self._entered += 1
                self._enter(model, meant, price)

    def unpriced(self, settings: Settings | None = None) -> list[str]:
        """What has no price: of the models that `settings` name, or of those that this process has served; sorted."""
        if settings is None:
            return sorted(self._unpriced)
        named = {alias.model: alias.base_model or alias.model for alias in settings.aliases}
        named |= {model: model for model in (settings.default_model, settings.default_embedding_model) if model}
        return sorted(
            model
            for model, base in named.items()
            if PREFIX + model not in litellm.model_cost and self._price(parse_model_id(base)) is None
        )

    def _enter(self, model: str, meant: ModelId, price: Json | None) -> None:
        if price is None:
            self._unpriced.add(model)
            _LOG.warning(
                "LiteLLM knows no price for %r: its spend is counted as 0; set input_cost_per_token and "
                "output_cost_per_token in the deployment's litellm_params",
                model,
            )
            return
        # An alias answers with the id that it stands for, and LiteLLM may price by either.
        names = {PREFIX + model, PREFIX + meant.answer} - litellm.model_cost.keys()
        entries = {name: _entry(price) for name in names}
        # Entered first: without an exact entry, registering would overwrite the one that the price is copied from.
        litellm.model_cost.update({name: dict(entry) for name, entry in entries.items()})
        litellm.register_model(entries, persist_across_reloads=False)

    def _price(self, model: ModelId) -> Json | None:
        if self._indexed[0] is not litellm.model_cost:
            self._indexed = (litellm.model_cost, _index(litellm.model_cost))
        index = self._indexed[1]
        regions = (model.target.region, None) if model.target.region else (None,)
        keys = [(region, geo, model.base) for region in regions for geo in dict.fromkeys((model.geo, None))]
        return next((index[key] for key in keys if key in index), None)


PRICES = Prices()


def _index(table: Mapping[str, Any]) -> dict[_Key, Json]:
    """LiteLLM's Bedrock entries by region, geo prefix and normalised id."""
    index: dict[_Key, Json] = {}
    for name, entry in table.items():
        if entry.get("litellm_provider") in _SOURCES and not name.startswith(PREFIX):
            known = parse_model_id(name)
            index.setdefault((known.target.region, known.geo, known.base), entry)
    return index


def _entry(price: Json) -> Json:
    entry = {**price, "litellm_provider": PROVIDER}
    if "input_cost_per_token" in price:
        for name in _CACHE_PRICES:  # LiteLLM would count such tokens as free, and warns of it
            entry.setdefault(name, price["input_cost_per_token"])
    return entry


def _resolved(model: str, base_model: str | None) -> ModelId | None:
    """What `model` stands for; an opaque id stays so until the adapter has looked it up, successfully or not."""
    adapter = HOST.adapter
    try:
        meant = adapter.router.resolve(model)
    except AdapterError:
        return None
    behind = base_model or (adapter.engine.lookups.known(meant) if meant.opaque else None)
    return meant if behind is None else meant.known_as(behind)
