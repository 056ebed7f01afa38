"""Reasoning: one parameter for every family, and thinking that survives tool loops.

- `reasoning_effort` (or `reasoning: {effort}`) becomes what the family wants (`plan`, `shapes`, `budget`); what it forbids
  is resolved (`conflicts`). Claude's `thinking` and other switches in a model's own words win.
- Answers carry `reasoning_content` and `thinking_blocks`; `answers` counts, keeps and, by option, tells them as tags.
- Blocks that a client sends back pass (`replay`); those that it does not are put back from a store (`loops`, `store`).

Options, `[options.reasoning]` or `BEDROCK_ADAPTER_OPTIONS__REASONING__<NAME>`: the budget policy (`budget.BudgetPolicy`);
`think_tags` (thoughts as `<think>` in `content`); `split_tags` (tags that a model writes itself become
`reasoning_content`); `forced_tools` (`auto`: a forced tool becomes a free choice while thinking; `off`: thinking is switched
off instead); `ttl`, `entries`, `bytes`, `patience` and `store` of the thinking store.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bedrock_adapter import AdapterError, Call, Converter, Route, Settings, Stage, Step, StreamStep, hookimpl
from bedrock_adapter.errors import ConfigError
from bedrock_adapter.routes import Recovery
from bedrock_adapter.transport import TransportWrapper

from . import conflicts, loops, recovery, replay
from .answers import Keeping, shows_tags, stream_steps
from .asked import HANDLES, OWN_WORDS, Asked, may_think, read
from .budget import BudgetPolicy, policy_of, route_policy
from .closing import closing_with
from .plan import NAME, Plan, decide, without_thinking
from .redis_store import RedisStore
from .store import Kept, MemoryStore, ThinkingStore, kept_for, use_store
from .tags import without_own_tags

if TYPE_CHECKING:
    from bedrock_adapter.routes import Need

__all__ = ["BudgetPolicy", "MemoryStore", "ThinkingStore", "use_store", "wants_thinking"]


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    policy_of(settings, {})
    kept_for(settings)
    if settings.option(NAME, "forced_tools", "auto") not in ("auto", "off"):
        raise ConfigError("options.reasoning.forced_tools must be auto or off", param="options.reasoning.forced_tools")


@hookimpl
def bedrock_content_converters(route: Route) -> list[Converter]:
    return replay.converters(route)


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step] | None:
    if route.operation != "chat":
        return None
    thinker = Thinker(route)
    steps = [Step(Stage.REASONING, thinker.run, name="reasoning", handles=HANDLES, needs=thinker.needs)]
    if shows_tags(route):
        steps.append(Step(Stage.IDENTITY, without_own_tags))
    return steps


@hookimpl
def bedrock_transform_stream(route: Route) -> list[StreamStep]:
    return stream_steps(route)


@hookimpl
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    return recovery.recovery(error, call)


@hookimpl
def bedrock_wrap_transport(settings: Settings) -> TransportWrapper | None:
    """Close our Redis connections with the transport's, loop by loop; a host closes its own store."""
    store = kept_for(settings).shared
    if not isinstance(store, RedisStore):
        return None
    return TransportWrapper(Stage.IDENTITY, closing_with(store), name="thinking_store")


def wants_thinking(call: Call) -> bool:
    """Whether the model may think on this request, as far as the request and the profile tell.

    For other plugins that choose between ways of which one forbids thinking, e.g. forced tools.

    Raises:
        RequestError: `reasoning_effort` or another switch is malformed.
    """
    return may_think(read(call.request), call.route.profile.reasoning)


class Thinker:
    """The request step of one route."""

    def __init__(self, route: Route) -> None:
        reasoning = route.profile.reasoning
        self._reasoning = reasoning
        self._policy = route_policy(route)
        self._kept: Kept = kept_for(route.settings)
        self._keeps = not {"signed", "redacted"}.isdisjoint(reasoning.replay)
        self._rather_off = route.settings.option(NAME, "forced_tools", "auto") == "off"

    def needs(self, call: Call) -> "Iterator[Need]":
        """The thoughts that the client has left out."""
        if self._keeps and wants_thinking(call):
            yield from loops.missing(call, self._kept)

    def run(self, call: Call) -> None:
        asked = read(call.request)
        for name in ("reasoning", *OWN_WORDS):
            if call.request.get(name) is not None and name not in (asked.param, asked.name):
                call.repair(name, "ignored", f"{asked.name or asked.param} was sent too, and wins", NAME)
        plan = decide(call, asked, self._policy)
        if plan.on and self._keeps and call.body.get("toolConfig"):
            prefixes = loops.prefixes_of(call.body)
            loops.restore(call, loops.missing(call, self._kept), prefixes)
            call.state[NAME] = Keeping(self._kept, prefixes[-1])
        held = conflicts.rules(call, plan) if plan.on else {}
        why = self._why_not(call, plan, held)
        if why and (off := without_thinking(self._reasoning)):
            call.repair(asked.name or asked.param, "ignored", f"{why}; this turn goes without thinking", NAME)
            call.state.pop(NAME, None)
            plan, held = off, {}
            if asked.raw:
                _cut_raw(call)
        self._send(call, asked, plan)
        conflicts.resolve(call, held)

    def _why_not(self, call: Call, plan: Plan, held: dict[str, bool]) -> str:
        """Why thinking must go off for this turn, "" where it need not."""
        if ((plan.on and self._reasoning.first_in_loop) or plan.budget) and loops.loop_lacks_thinking(
            call.body.get("messages", ())
        ):
            return "the thoughts at the start of this tool loop are not known any more"
        if self._rather_off and "forced_tools" in held and conflicts.forced(call):
            return "a tool is forced"
        return ""

    def _send(self, call: Call, asked: Asked, plan: Plan) -> None:
        if plan.fields:
            call.body.setdefault("additionalModelRequestFields", {}).update(plan.fields)
        if plan.max_tokens is not None:
            why = f"a thinking budget needs one; {plan.max_tokens} is this model's default here"
            call.repair("max_completion_tokens", "added", why, NAME)
            call.body.setdefault("inferenceConfig", {})["maxTokens"] = plan.max_tokens
        if plan.on and self._reasoning.token_count_path:
            call.body.setdefault("additionalModelResponseFieldPaths", []).append(self._reasoning.token_count_path)


def _cut_raw(call: Call) -> None:
    """Take switches out of the fields that another plugin sends to the model as they are."""
    name = "additional_model_request_fields"
    fields = {key: value for key, value in call.request[name].items() if key not in OWN_WORDS}
    call.request = {**call.request, name: fields}
