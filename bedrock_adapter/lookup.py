"""Opaque ARNs: which model is behind an application inference profile, a provisioned model, a router, a deployment."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bedrock_adapter.errors import ServiceError
from bedrock_adapter.model_id import ModelId, parse_model_id
from bedrock_adapter.types import Json
from bedrock_adapter.wire import WireRequest

if TYPE_CHECKING:
    from bedrock_adapter.io import IO

_Value = TypeVar("_Value")

# Resource type -> operation that tells, and how to read its answer (Amazon Bedrock API reference).
_LOOKUPS: dict[str, tuple[str, Callable[[Json], str]]] = {
    "application-inference-profile": ("GetInferenceProfile", lambda answer: answer["models"][0]["modelArn"]),
    "prompt-router": ("GetPromptRouter", lambda answer: answer["models"][0]["modelArn"]),
    "default-prompt-router": ("GetPromptRouter", lambda answer: answer["models"][0]["modelArn"]),
    "provisioned-model": ("GetProvisionedModelThroughput", lambda answer: answer["foundationModelArn"]),
    "custom-model-deployment": ("GetCustomModelDeployment", lambda answer: answer["modelArn"]),
    "custom-model": ("GetCustomModel", lambda answer: answer["baseModelArn"]),
}


@dataclass(frozen=True, slots=True)
class ModelBehind:
    """The need for the base model of an opaque ARN. Its value is the normalised id, "" where it cannot be told."""

    arn: str
    kind: str

    @property
    def key(self) -> Hashable:
        return ("model-behind", self.arn)

    async def load(self, io: "IO") -> str:
        if self.kind not in _LOOKUPS:
            return ""
        operation, read = _LOOKUPS[self.kind]
        answer = await io.bedrock(WireRequest(operation, self.arn))
        try:
            behind = parse_model_id(read(answer.json()))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise ServiceError(f"{operation} did not tell the model behind {self.arn}") from error
        if behind.opaque and behind.kind != self.kind:
            return await ModelBehind(behind.wire, behind.kind).load(io)
        return behind.base


class Lookups:
    """What has been looked up. Hits stay, refusals are kept for five minutes; bounded, since ARNs are client input."""

    LIMIT = 1024
    REFUSAL_SECONDS = 300.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bases: OrderedDict[str, str] = OrderedDict()
        self._refused: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def known(self, model: ModelId) -> str | None:
        """The base found earlier, "" for a fresh refusal, None where it must be asked."""
        if base := self._bases.get(model.wire):
            return base
        refused = self._refused.get(model.wire)
        return "" if refused and self._clock() < refused[0] else None

    def reason(self, model: ModelId) -> str:
        """Why the last lookup of `model` failed."""
        refused = self._refused.get(model.wire)
        return refused[1] if refused else ""

    async def find(self, model: ModelId, io: "IO") -> str:
        """Ask Bedrock, unless it is known; a refusal is "", never an error: the model can still be called."""
        known = self.known(model)
        if known is not None:
            return known
        try:
            base = await ModelBehind(model.wire, model.kind).load(io)
        except ServiceError as error:
            self._keep(self._refused, model.wire, (self._clock() + self.REFUSAL_SECONDS, error.message))
            return ""
        if not base:
            self._keep(
                self._refused, model.wire, (self._clock() + self.REFUSAL_SECONDS, f"a {model.kind} does not tell")
            )
            return ""
        self._keep(self._bases, model.wire, base)
        return base

    def _keep(self, table: "OrderedDict[str, _Value]", key: str, value: _Value) -> None:
        table[key] = value
        while len(table) > self.LIMIT:
            table.popitem(last=False)
