"""Which model a name means: the operator's aliases, OpenAI's names, LiteLLM's forms, plain ids and ARNs."""

import re
from dataclasses import replace

from bedrock_adapter import Alias, ModelId, Settings, UnknownModelError, hookimpl, parse_model_id

# OpenAI's families of model names; each is served by the model that a setting names, never by a hidden default.
_OPENAI_NAMES = (
    (re.compile(r"(?:gpt-(?!oss)|chatgpt-|o\d(?:-|$)).*"), "default_model"),
    (re.compile(r"text-embedding-.*"), "default_embedding_model"),
)


@hookimpl(trylast=True)
def bedrock_resolve_model(model: str, settings: Settings) -> ModelId:
    """Aliases first, then OpenAI's names, then the id itself."""
    plain = model.removeprefix("bedrock_adapter/")
    if alias := settings.alias(plain):
        return _aliased(model, alias)
    for pattern, setting in _OPENAI_NAMES:
        if pattern.fullmatch(plain):
            meant = getattr(settings, setting)
            if not meant:
                raise UnknownModelError(
                    f"{plain!r} is a name of OpenAI's that stands for no model here: set "
                    f"BEDROCK_ADAPTER_{setting.upper()} to the Bedrock model that should serve it, or define an alias",
                    param="model",
                )
            if alias := settings.alias(meant):
                return _aliased(model, alias)
            return replace(parse_model_id(meant), requested=model, answer=meant)
    return parse_model_id(model)


def _aliased(model: str, alias: Alias) -> ModelId:
    resolved = parse_model_id(alias.model)
    if alias.base_model:
        resolved = resolved.known_as(alias.base_model)
    return replace(
        resolved,
        requested=model,
        answer=alias.model,
        target=alias.target.over(resolved.target),
        defaults=tuple(alias.defaults.items()),
    )
