"""The HTTP side, the control plane, and scripted answers."""

import contextlib
import gc
import http.client
import json
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError, ReadTimeoutError

from bedrock_adapter.testing.emulator import BedrockEmulator, Broken, HttpError, serve
from bedrock_adapter.testing.emulator.refusals import rules
from bedrock_adapter.testing.emulator.script import message
from bedrock_adapter.testing.emulator.tables import family_of, models
from bedrock_adapter.testing.emulator.targets import split_geo

NOVA = "amazon.nova-lite-v1:0"
CHAT = {"messages": [{"role": "user", "content": [{"text": "Tell me a long story, please"}]}]}
LOOPBACK = {"region_name": "us-east-1", "aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}


def client(emulator: BedrockEmulator, service: str = "bedrock-runtime", timeout: float = 20) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=timeout)
    return boto3.client(service, endpoint_url=emulator.url, config=config, **LOOPBACK)


@contextlib.contextmanager
def streamed(emulator: BedrockEmulator) -> Iterator[Any]:
    """The events of a stream through boto3, closed afterwards."""
    runtime = client(emulator)
    stream = runtime.converse_stream(modelId=NOVA, **CHAT)["stream"]
    try:
        yield iter(stream)
    finally:
        stream.close()
        runtime.close()


def parsed(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    found: list[Any] = list(buffer)
    kinds = (":event-type", ":exception-type")
    return [
        (next(event.headers[kind] for kind in kinds if kind in event.headers), json.loads(event.payload))
        for event in found
    ]


def test_environment_points_boto3_here(emulator: BedrockEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.environ.items():
        monkeypatch.setenv(name, value)
    runtime = boto3.client("bedrock-runtime", region_name="us-east-1")
    assert runtime.converse(modelId=NOVA, **CHAT)["stopReason"] == "end_turn"
    assert len(boto3.client("bedrock", region_name="us-east-1").list_foundation_models()["modelSummaries"]) > 100


@pytest.mark.parametrize(
    ("authorization", "rule"),
    [
        ("", "missing_auth"),
        ("Basic abc", "missing_auth"),
        ("Bearer ", "missing_auth"),
        (
            "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
            "incomplete_signature",
        ),
    ],
)
def test_authentication(post: Any, authorization: str, rule: str) -> None:
    reply = post(NOVA, CHAT, Authorization=authorization)
    assert reply.json == {"message": rules()[rule]["message"]}
    assert reply.headers["x-amzn-errortype"].startswith(rules()[rule]["error"] + ":")
    assert reply.status == (403 if rule == "missing_auth" else 400)


@pytest.mark.parametrize(
    "path", ["/", "/model/a/b/converse", "/model/amazon.nova-lite-v1:0/chat", "/foundation-models/a/b"]
)
def test_wrong_path(post: Any, path: str) -> None:
    reply = post(get=path)
    assert (reply.status, reply.headers["x-amzn-errortype"].split(":")[0]) == (404, "UnknownOperationException")


def test_path_must_be_encoded(emulator: BedrockEmulator) -> None:
    connection = http.client.HTTPConnection(emulator.host, emulator.port)
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"
    connection.request("POST", f"/model/{arn}/converse", json.dumps(CHAT), {"Authorization": "Bearer key"})
    assert connection.getresponse().status == 404
    connection.close()


def test_malformed_json(post: Any, emulator: BedrockEmulator) -> None:
    reply = post(NOVA, b"{")
    assert emulator.requests[-1].body == b"{"
    assert (reply.status, reply.headers["x-amzn-errortype"].split(":")[0]) == (400, "SerializationException")
    assert len(emulator.requests) == 1


def test_a_lone_surrogate_is_no_failure(post: Any) -> None:
    reply = post(NOVA, {"messages": [{"role": "user", "content": [{"text": "Repeat: a\ud800"}]}]})
    assert reply.status == 200
    assert reply.json["output"]["message"]["content"][0]["text"]


def test_a_get_of_an_operation_is_unknown(emulator: BedrockEmulator, post: Any) -> None:
    assert post(get=f"/model/{quote(NOVA, safe='')}/converse").status == 404


def test_requests_are_recorded_and_bounded(post: Any, emulator: BedrockEmulator) -> None:
    post("us.amazon.nova-lite-v1:0", CHAT, **{"X-Test": "1"})
    recorded = emulator.requests[-1]
    assert (recorded.operation, recorded.model, recorded.body) == ("Converse", "us.amazon.nova-lite-v1:0", CHAT)
    assert recorded.headers["x-test"] == "1"
    assert recorded.path == "/model/us.amazon.nova-lite-v1%3A0/converse"
    assert emulator.requests.maxlen == 200
    emulator.reset()
    assert not emulator.requests


def test_answers_say_no_more_than_bedrock(post: Any) -> None:
    reply = post(NOVA, CHAT)
    assert list(reply.json) == ["metrics", "output", "stopReason", "usage"]
    assert reply.headers["content-type"] == "application/json"


def test_stream_headers(post: Any) -> None:
    reply = post(NOVA, CHAT, "converse-stream")
    assert reply.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert reply.headers["transfer-encoding"] == "chunked"
    assert [kind for kind, _ in parsed(reply.raw)][-2:] == ["messageStop", "metadata"]


@pytest.mark.parametrize("rule", ["no_access", "iam", "legacy", "use_case_form", "data_retention", "marketplace"])
def test_access(post: Any, emulator: BedrockEmulator, rule: str) -> None:
    emulator.access["amazon.nova-*"] = rule
    reply = post(NOVA, CHAT)
    assert reply.json["message"] == rules()[rule]["message"].replace("{model}", NOVA)
    assert post("openai.gpt-oss-20b-1:0", CHAT).status == 200


def test_arns_can_be_added(post: Any, emulator: BedrockEmulator) -> None:
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/mine"
    assert post(arn, CHAT).json["message"] == "The provided model identifier is invalid."
    emulator.arns[arn] = "eu.amazon.nova-lite-v1:0"
    assert post(arn, CHAT).status == 200
    found = client(emulator, "bedrock").get_inference_profile(inferenceProfileIdentifier=arn)
    assert {each["modelArn"].rpartition("/")[2] for each in found["models"]} == {NOVA}


# ---------------------------------------------------------------- control plane


def test_list_foundation_models(emulator: BedrockEmulator) -> None:
    control = client(emulator, "bedrock")
    summaries = {each["modelId"]: each for each in control.list_foundation_models()["modelSummaries"]}
    assert set(summaries) == {each.id for each in models().values() if each.lifecycle != "EOL"}
    assert summaries[NOVA]["inferenceTypesSupported"] == ["ON_DEMAND"]
    assert summaries[NOVA]["inputModalities"] == ["TEXT", "IMAGE", "VIDEO"]
    assert summaries["anthropic.claude-opus-5-5"]["inferenceTypesSupported"] == ["INFERENCE_PROFILE"]
    assert summaries["cohere.embed-v4:0"]["outputModalities"] == ["EMBEDDING"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"byProvider": "anthropic"}, "anthropic."),
        ({"byOutputModality": "EMBEDDING", "byProvider": "Cohere"}, "cohere.embed"),
        ({"byInferenceType": "ON_DEMAND", "byProvider": "Meta"}, "meta."),
        ({"byCustomizationType": "FINE_TUNING"}, None),
    ],
)
def test_listing_filters(emulator: BedrockEmulator, query: dict[str, str], expected: str | None) -> None:
    found = [each["modelId"] for each in client(emulator, "bedrock").list_foundation_models(**query)["modelSummaries"]]
    assert all(each.startswith(str(expected)) for each in found)
    assert bool(found) == (expected is not None)


def test_inference_profiles_are_paged_and_typed(emulator: BedrockEmulator) -> None:
    control = client(emulator, "bedrock")
    pages = list(control.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 7}))
    ids = [each["inferenceProfileId"] for page in pages for each in page["inferenceProfileSummaries"]]
    assert len(pages) > 5
    assert len(ids) == len(set(ids))
    assert {each.partition(".")[0] for each in ids} == {"us", "global", "team-claude", "team-nova", "team-embed"}
    application = control.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"]
    assert [each["inferenceProfileId"] for each in application] == ["team-claude", "team-nova", "team-embed"]
    european = boto3.client("bedrock", endpoint_url=emulator.url, **{**LOOPBACK, "region_name": "eu-central-1"})
    listed = european.list_inference_profiles(maxResults=1000)["inferenceProfileSummaries"]
    assert {each["inferenceProfileId"].partition(".")[0] for each in listed} >= {"eu", "global"}
    assert not any(each["inferenceProfileId"].startswith("us.") for each in listed)


def test_every_listed_profile_and_on_demand_model_answers(emulator: BedrockEmulator, post: Any) -> None:
    chats = [each for each in models().values() if not each.embedding and each.lifecycle != "EOL"]
    callable_ids = [each.id for each in chats if each.on_demand]
    callable_ids += [f"{geo}.{each.id}" for each in chats for geo in each.profiles[:1]]
    assert len(callable_ids) > 100
    for model_id in callable_ids:
        if family_of(split_geo(model_id)[1]).converse:
            assert post(model_id, CHAT).status == 200, model_id


def test_get_and_misses(emulator: BedrockEmulator, post: Any) -> None:
    control = client(emulator, "bedrock")
    profile = control.get_inference_profile(inferenceProfileIdentifier="global.anthropic.claude-opus-5-5")
    assert profile["models"][0]["modelArn"] == "arn:aws:bedrock:::foundation-model/anthropic.claude-opus-5-5"
    assert profile["type"] == "SYSTEM_DEFINED"
    assert control.get_foundation_model(modelIdentifier=NOVA)["modelDetails"]["modelId"] == NOVA
    assert control.get_foundation_model_availability(modelId=NOVA)["authorizationStatus"] == "AUTHORIZED"
    (router,) = control.list_prompt_routers()["promptRouterSummaries"]
    assert control.get_prompt_router(promptRouterArn=router["promptRouterArn"])["type"] == "default"
    assert control.list_custom_models()["modelSummaries"] == []
    for path, rule in (
        ("/inference-profiles/us.nothing", "no_profile"),
        ("/prompt-routers/nothing", "no_profile"),
        ("/foundation-models/nothing", "no_foundation_model"),
    ):
        reply = post(get=path)
        assert (reply.status, reply.json["message"]) == (
            404,
            rules()[rule]["message"].replace("{id}", path.rpartition("/")[2]),
        )
    assert post(get="/inference-profiles?nextToken=zzz").json["message"] == rules()["next_token"]["message"]
    assert post(get="/inference-profiles?maxResults=0").json["message"] == (
        "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater "
        "than or equal to 1"
    )


# ---------------------------------------------------------------- scripted answers


def test_scripted_response_and_its_stream(post: Any, emulator: BedrockEmulator) -> None:
    scripted = message({"text": ""}, {"text": "scripted"}, stop_reason="future_reason")
    emulator.script.next(scripted, times=2)
    assert post(NOVA, CHAT).json == scripted
    made = parsed(post(NOVA, CHAT, "converse-stream").raw)
    assert [payload["delta"]["text"] for kind, payload in made if kind == "contentBlockDelta"] == ["", "scripted"]
    assert made[-2][1]["stopReason"] == "future_reason"
    assert len(emulator.script) == 0


@pytest.mark.parametrize(
    ("content", "stop"),
    [
        ([], "end_turn"),
        ([{"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}], "end_turn"),
        ([{"futureBlock": {"a": 1}}], "end_turn"),
    ],
)
def test_oddities(post: Any, emulator: BedrockEmulator, content: list[Any], stop: str) -> None:
    emulator.script.next(message(*content, stop_reason=stop), times=2)
    answer = post(NOVA, CHAT).json
    assert (answer["output"]["message"]["content"], answer["stopReason"]) == (content, stop)
    assert parsed(post(NOVA, CHAT, "converse-stream").raw)[-1][0] == "metadata"


def test_scripted_events(post: Any, emulator: BedrockEmulator) -> None:
    events: list[tuple[str, dict[str, Any]]] = [
        ("messageStart", {"role": "assistant"}),
        ("futureEvent", {"a": 1}),
        ("messageStop", {"stopReason": "end_turn"}),
    ]
    emulator.script.next(events)
    made = parsed(post(NOVA, CHAT, "converse-stream").raw)
    assert [(kind, {key: value for key, value in payload.items() if key != "p"}) for kind, payload in made] == events


def test_throttled_then_answered(emulator: BedrockEmulator, post: Any) -> None:
    emulator.script.throttle(2, retry_after="0")
    replies = [post(NOVA, CHAT) for _ in range(3)]
    assert [reply.status for reply in replies] == [429, 429, 200]
    assert replies[0].headers["retry-after"] == "0"
    assert replies[0].headers["x-amzn-errortype"].startswith("ThrottlingException:")
    assert replies[0].json == {"message": rules()["throttled"]["message"]}


def test_boto3_sees_a_scripted_error(emulator: BedrockEmulator) -> None:
    emulator.script.unavailable()
    with pytest.raises(ClientError) as raised:
        client(emulator).converse(modelId=NOVA, **CHAT)
    assert raised.value.response["Error"] == {
        "Code": "ServiceUnavailableException",
        "Message": rules()["unavailable"]["message"],
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


@pytest.mark.parametrize(
    ("error", "rule"), [("ModelTimeoutException", "timed_out"), ("ModelErrorException", "model_error")]
)
def test_other_scripted_errors(post: Any, emulator: BedrockEmulator, error: str, rule: str) -> None:
    emulator.script.next(HttpError(error))
    reply = post(NOVA, CHAT)
    assert reply.json == {"message": rules()[rule]["message"]}
    assert reply.status == {"ModelTimeoutException": 408, "ModelErrorException": 424}[error]
    emulator.script.next(HttpError("Strange", "text", status=418))
    assert post(NOVA, CHAT).status == 418


def test_scripts_wait_for_what_they_fit(post: Any, emulator: BedrockEmulator) -> None:
    emulator.script.next(message({"text": "for claude"}), model="*claude*")
    emulator.script.throttle(operation="ConverseStream")
    emulator.script.next({"modelSummaries": []}, operation="ListFoundationModels")
    assert post(NOVA, CHAT).status == 200
    assert post("us.anthropic.claude-opus-5", CHAT).json["output"]["message"]["content"] == [{"text": "for claude"}]
    assert post(get="/foundation-models").json == {"modelSummaries": []}
    assert post(NOVA, CHAT, "converse-stream").status == 429
    assert len(emulator.script) == 0


def test_refused_requests_leave_the_script_alone(post: Any, emulator: BedrockEmulator) -> None:
    emulator.script.next(message({"text": "x"}))
    assert post(NOVA, {"messages": []}).status == 400
    assert len(emulator.script) == 1
    emulator.script.clear()
    assert len(emulator.script) == 0


def test_raw_answers(post: Any, emulator: BedrockEmulator) -> None:
    emulator.script.raw(502, {"Content-Type": "text/html"}, b"<html>bad gateway</html>")
    reply = post(NOVA, CHAT)
    assert (reply.status, reply.headers["content-type"], reply.raw) == (502, "text/html", b"<html>bad gateway</html>")


def test_exception_frame(emulator: BedrockEmulator) -> None:
    emulator.script.next(Broken(after=2, exception="throttlingException"))
    with streamed(emulator) as stream:
        seen = [next(iter(next(stream))) for _ in range(2)]
        with pytest.raises(EventStreamError, match="Too many requests") as raised:
            next(stream)
    assert raised.value.response["Error"]["Code"] == "throttlingException"
    assert seen == ["messageStart", "contentBlockDelta"]


def test_error_frame(emulator: BedrockEmulator) -> None:
    emulator.script.next(Broken(after=1, error="InternalFailure", message="broken"))
    with streamed(emulator) as stream, pytest.raises(EventStreamError, match="broken"):
        list(stream)


def test_truncated_frame_and_early_close(post: Any, emulator: BedrockEmulator) -> None:
    whole = post(NOVA, CHAT, "converse-stream").raw
    emulator.script.next(Broken(after=3, truncate=True))
    cut = post(NOVA, CHAT, "converse-stream").raw
    assert [kind for kind, _ in parsed(cut)] == ["messageStart", "contentBlockDelta", "contentBlockDelta"]
    assert whole.startswith(cut)
    assert len(cut) > len(whole[: len(cut) - 10])
    emulator.script.next(Broken(after=3))
    closed = post(NOVA, CHAT, "converse-stream").raw
    assert [kind for kind, _ in parsed(closed)] == ["messageStart", "contentBlockDelta", "contentBlockDelta"]
    assert len(closed) < len(cut)


def test_slow_stream_waits_for_its_gate(emulator: BedrockEmulator) -> None:
    gate = threading.Event()
    emulator.script.next(gate=gate)
    with streamed(emulator) as stream:
        assert "messageStart" in next(stream)
        assert emulator.open_streams == 1
        gate.set()
        assert "metadata" in list(stream)[-1]
    assert not emulator.dropped.is_set()


def test_an_answer_can_be_held_back(emulator: BedrockEmulator) -> None:
    hold = threading.Event()
    emulator.script.next(hold=hold)
    impatient = client(emulator, timeout=0.05)
    with pytest.raises(ReadTimeoutError):
        impatient.converse(modelId=NOVA, **CHAT)
    impatient.close()
    hold.set()


def test_delay_between_frames(post: Any, emulator: BedrockEmulator) -> None:
    emulator.script.next(delay=0.001)
    assert parsed(post(NOVA, CHAT, "converse-stream").raw)[-1][0] == "metadata"


def test_a_client_that_leaves_is_noticed(emulator: BedrockEmulator) -> None:
    emulator.script.next(gate=threading.Event())
    with streamed(emulator) as stream:
        next(stream)
    assert emulator.dropped.wait(10)
    assert emulator.open_streams == 0


def test_stopping_ends_streams() -> None:
    emulator = serve(port=0)
    emulator.script.next(gate=threading.Event())
    with streamed(emulator) as stream:
        next(stream)
        emulator.stop()
        assert list(stream) == []
    assert not emulator.dropped.is_set()


def test_memory_stays_flat(emulator: BedrockEmulator, post: Any) -> None:
    def many(count: int) -> int:
        for _ in range(count):
            post(NOVA, CHAT, "converse-stream")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    many(emulator.requests.maxlen or 0)
    growths = []
    for _ in range(3):  # threads that end late count once, a leak every time
        before = many(1)
        growths.append(many(100) - before)
    tracemalloc.stop()
    assert min(growths) < 200_000
    assert not emulator.log
