"""inferenceConfig, serviceTier, performanceConfig, response field paths (rules 32 to 34, sections 6 and 10)."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask

_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)+")
_TIERS = ("priority", "default", "flex", "reserved")
# Latency-optimised inference [D].
_FAST = ("anthropic.claude-3-5-haiku*", "meta.llama3-1-*", "amazon.nova-pro*")
_SAMPLING = (("temperature", "temperature"), ("topP", "top_p"))


def check(ask: Ask) -> None:
    """Rules of sampling and of the service's own knobs."""
    _sampling(ask)
    _stop(ask)
    _service(ask)
    for pointer in ask.body.get("additionalModelResponseFieldPaths") or []:
        if not _POINTER.fullmatch(pointer):
            raise refusal("json_pointer", pointer=pointer)


def _sampling(ask: Ask) -> None:
    family, given = ask.family, ask.inference
    for member, native in _SAMPLING:
        if member in given and family.sampling == "refused":
            raise refusal("unsupported_field", field=member)
        if member in given and family.sampling == "deprecated":
            raise refusal("deprecated", field=native)
    if "top_k" in ask.additional and family.sampling == "deprecated":
        raise refusal("deprecated", field="top_k")
    if not family.both_sampling and "temperature" in given and "topP" in given:
        raise refusal("both_sampling")


def _stop(ask: Ask) -> None:
    family, stops = ask.family, ask.inference.get("stopSequences") or []
    if not stops:
        return
    if not family.stop_sequences:
        raise refusal("unsupported_field", field="stopSequences")
    if not family.blank_stop and any(not stop.strip() for stop in stops):
        raise refusal("stop_blank")
    if len(stops) > family.stop_limit:
        raise refusal("stop_count", limit=family.stop_limit, found=len(stops))


def _service(ask: Ask) -> None:
    tier = (ask.body.get("serviceTier") or {}).get("type", "default")
    if tier not in _TIERS:
        raise refusal("service_tier")
    if tier == "reserved":
        raise refusal("reserved_tier")
    latency = (ask.body.get("performanceConfig") or {}).get("latency", "standard")
    if latency == "optimized" and not any(fnmatchcase(ask.target.model.id, glob) for glob in _FAST):
        raise refusal("latency", model=ask.target.model.id)
