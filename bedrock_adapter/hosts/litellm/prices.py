"""Prices: what LiteLLM's own table says of a Bedrock model, entered under the strings that we serve it by."""

import logging
import threading
from collections.abc import Iterable
from typing import Any

import litellm

from bedrock_adapter.errors import AdapterError
from bedrock_adapter.hosts.litellm.state import HOST, PREFIX, PROVIDER
from bedrock_adapter.model_id import ModelId, parse_model_id
from bedrock_adapter.types import Json

_LOG = logging.getLogger(__name__)
_SOURCES = frozenset({"bedrock", "bedrock_converse"})
_CACHE_PRICES = ("cache_read_input_token_cost", "cache_creation_input_token_cost")
_Key = tuple[str | None, str | None, str]


class Prices:
    """Registers prices and remembers for what there is none. Thread-safe; bounded, since model strings are client input."""

    LIMIT = 4096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index: dict[_Key, Json] = {}
        self._seen: set[str] = set()
        self._unpriced: set[str] = set()

    def ensure(self, model: str, base_model: str | None = None) -> None:
        """See to it that LiteLLM can price what is served as `model`; warns once where it cannot.

        `base_model` is the Bedrock id behind an opaque one, where the operator has told it.
        """
        if model in self._seen:
            return
        with self._lock:
            if model not in self._seen and len(self._seen) < self.LIMIT:
                self._seen.add(model)
                self._enter(model, base_model)

    def unpriced(self, models: Iterable[str] | None = None) -> list[str]:
        """Those of `models`, by default those served so far, that have no price; sorted."""
        if models is None:
            return sorted(self._unpriced)
        return sorted(
            model for model in models if not self._registered(model) and self._price(_resolved(model, None)) is None
        )

    def _enter(self, model: str, base_model: str | None) -> None:
        if self._registered(model):  # the operator's own price stays
            return
        meant = _resolved(model, base_model)
        price = self._price(meant)
        if price is None:
            self._unpriced.add(model)
            _LOG.warning(
                "LiteLLM knows no price for %r: its spend is counted as 0; set input_cost_per_token and "
                "output_cost_per_token in the deployment's litellm_params",
                model,
            )
            return
        # An alias answers with the id that it stands for, and LiteLLM may price by either.
        names = {
            PREFIX + name for name in (model, meant.answer if meant else "") if name and not self._registered(name)
        }
        litellm.register_model(dict.fromkeys(names, _entry(price)))

    @staticmethod
    def _registered(model: str) -> bool:
        return PREFIX + model in litellm.model_cost

    def _price(self, model: ModelId | None) -> Json | None:
        if model is None or not model.base:
            return None
        if not self._index:
            self._index = _indexed(litellm.model_cost)
        regions = (model.target.region, None) if model.target.region else (None,)
        keys = [(region, geo, model.base) for region in regions for geo in dict.fromkeys((model.geo, None))]
        return next((self._index[key] for key in keys if key in self._index), None)


PRICES = Prices()


def _indexed(table: dict[str, Any]) -> dict[_Key, Json]:
    """LiteLLM's Bedrock entries by region, geo prefix and normalised id."""
    index: dict[_Key, Json] = {}
    for name, entry in table.items():
        if entry.get("litellm_provider") in _SOURCES:
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
    """What `model` stands for; the model behind an opaque ARN if it has been looked up by now."""
    adapter = HOST.adapter
    try:
        meant = adapter.router.resolve(model)
    except AdapterError:
        return None
    behind = base_model or (adapter.engine.lookups.known(meant) if meant.opaque else None)
    return meant.known_as(behind) if behind else meant
