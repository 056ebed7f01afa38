"""What crosses the wire to Bedrock, free of any HTTP library or SDK."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import quote, urlencode

from bedrock_adapter import json_codec
from bedrock_adapter.errors import RequestError
from bedrock_adapter.types import Json

_RUNTIME_PATHS = {
    "Converse": "converse",
    "ConverseStream": "converse-stream",
    "InvokeModel": "invoke",
    "InvokeModelWithResponseStream": "invoke-with-response-stream",
    "CountTokens": "count-tokens",
}
_CONTROL_PATHS = {
    "ListFoundationModels": "/foundation-models",
    "ListInferenceProfiles": "/inference-profiles",
    "GetInferenceProfile": "/inference-profiles/{}",
    "GetPromptRouter": "/prompt-routers/{}",
    "GetProvisionedModelThroughput": "/provisioned-model-throughput/{}",
    "GetCustomModelDeployment": "/model-customization/custom-model-deployments/{}",
    "GetCustomModel": "/custom-models/{}",
}
STREAMING_OPERATIONS = frozenset({"ConverseStream", "InvokeModelWithResponseStream"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes and as whom: everything that selects an endpoint and credentials. None means "the default".

    Used as the key of cached signers, so two deployments never share credentials.
    """

    region: str | None = None
    profile: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    role_session_name: str | None = None
    external_id: str | None = field(default=None, repr=False)
    web_identity_token: str | None = field(default=None, repr=False)
    sts_endpoint: str | None = None
    runtime_endpoint: str | None = None
    control_endpoint: str | None = None

    def over(self, base: "Target") -> "Target":
        """This target, with what it leaves open taken from `base`.

        An identity is taken whole: where this target names a profile, keys or a token, nothing of the base's identity is
        mixed in. A role alone is assumed with the base's profile or keys.
        """
        if self is base or self == _NO_TARGET:
            return base
        if base == _NO_TARGET:
            return self
        own_identity = self.profile or self.access_key or self.bearer_token or self.web_identity_token
        kept_out = _IDENTITY if own_identity else _ROLE if self.role_arn else frozenset()
        merged: dict[str, Any] = {}
        for item in fields(self):
            own = getattr(self, item.name)
            merged[item.name] = getattr(base, item.name) if own is None and item.name not in kept_out else own
        return Target(**merged)


_NO_TARGET = Target()
_ROLE = frozenset({"bearer_token", "web_identity_token", "role_arn", "role_session_name", "external_id"})
_IDENTITY = _ROLE | {"profile", "access_key", "secret_key", "session_token"}


@dataclass(slots=True)
class WireRequest:
    """One HTTP request to Bedrock.

    Attributes:
        operation: AWS API name, e.g. `ConverseStream`.
        service: `bedrock-runtime` or `bedrock` (the control plane).
        resource: the identifier in the path (a model id, an ARN); "" where the operation has none.
        body: JSON body, or None for GET.
        query: query parameters of a GET.
        headers: additional headers, e.g. `X-Amzn-Bedrock-Trace` of InvokeModel.
        inputs: of an embedding call: positions in the client's `input` that it carries, in the order of its vectors.
    """

    operation: str
    resource: str = ""
    body: Json | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    inputs: Sequence[int] = ()

    @property
    def service(self) -> str:
        return "bedrock-runtime" if self.operation in _RUNTIME_PATHS else "bedrock"

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    @property
    def streaming(self) -> bool:
        return self.operation in STREAMING_OPERATIONS

    @property
    def path(self) -> str:
        """Percent-encoded path with query: an ARN is one segment, as `modelId` is a simple URI label."""
        resource = quote(self.resource, safe="")
        if suffix := _RUNTIME_PATHS.get(self.operation):
            return f"/model/{resource}/{suffix}"
        path = _CONTROL_PATHS[self.operation].format(resource)
        return f"{path}?{urlencode(self.query)}" if self.query else path

    def content(self) -> bytes:
        """The body's bytes.

        Raises:
            RequestError: what the caller sent is nested too deeply to be said.
        """
        try:
            return b"" if self.body is None else json_codec.dumps(self.body)
        except RecursionError:
            raise RequestError("the request is nested too deeply") from None


@dataclass(slots=True)
class WireResponse:
    """A complete answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Json:
        """The parsed body; `{}` where it is empty.

        Raises:
            ValueError: the body is not a JSON object.
        """
        value = json_codec.loads(self.content) if self.content else {}
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")
        return value
