"""Models that can only be called through an inference profile: say which one, or use it where settings allow.

Bedrock's text: "Invocation of model ID … with on-demand throughput isn't supported. Retry your request with the ID or ARN of an
inference profile that contains this model."
"""

from bedrock_adapter import AdapterError, Call, Route, hookimpl
from bedrock_adapter.errors import ModelNotFoundError
from bedrock_adapter.routes import Recovery

NAME = "inference_profiles"
_REFUSED = "on-demand throughput"
_GEO_OF_REGION = {"us-gov": "us-gov", "us": "us", "eu": "eu", "ap": "apac", "ca": "us"}


@hookimpl
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    """Call the model through the next geo prefix of the setting `profile_retry`."""
    if _REFUSED not in error.message or call.route.model.kind != "model" or call.route.model.geo:
        return None
    tried: list[str] = call.state.setdefault(NAME, [])
    geo = next((geo for geo in call.route.settings.profile_retry if geo not in tried), None)
    if geo is None:
        return None

    def use_profile(call: Call) -> None:
        tried.append(geo)
        call.model = f"{geo}.{call.route.model.wire}"
        call.repair("model", "changed", f"the model needs an inference profile; {call.model!r} was called", NAME)

    return use_profile


@hookimpl
def bedrock_map_error(error: AdapterError, route: Route) -> AdapterError | None:
    if _REFUSED not in error.message or route.model.geo or route.model.kind != "model":
        return None
    region = route.model.target.region or route.settings.region or ""
    geo = next((geo for start, geo in _GEO_OF_REGION.items() if region.startswith(f"{start}-")), "us")
    names = f"{geo}.{route.model.wire!s}"
    return ModelNotFoundError(
        f"{error.message.rstrip('.')}. Use an inference profile such as {names!r} or 'global.{route.model.wire}', "
        "or set BEDROCK_ADAPTER_PROFILE_RETRY to the geo prefixes that may be tried",
        param="model",
        request_id=error.request_id,
    )
