"""Media behind URLs: fetched as needs, through a local server that a setting allows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from bedrock_adapter import Adapter, NeedsIO
from bedrock_adapter.errors import ConfigError, RequestError, UnsupportedFeatureError
from bedrock_adapter.fetch import Fetched, FetchURL
from bedrock_adapter.testing.emulator import BedrockEmulator

from .samples import CLAUDE, NOVA, PDF, TEXT_ONLY, b64, file, image, jpeg, png, request


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


def test_an_image_behind_a_url(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/kiwi.jpg").respond_with_data(jpeg(), content_type="image/jpeg")
    adapter = bedrock_adapter_for(fetch_allow="127.0.0.0/8")
    answer = adapter.chat(request(image(server.url_for("/kiwi.jpg"))))
    assert answer["choices"][0]["message"]["content"]
    sent = bedrock_emulator.requests[-1].body["messages"][0]["content"][1]
    assert sent == {"image": {"format": "jpeg", "source": {"bytes": b64(jpeg())}}}


@pytest.mark.parametrize("content_type", ["image/jpeg", "text/plain", "application/octet-stream", "text/html"])
def test_what_a_server_says_of_the_type_is_not_believed(
    bedrock_adapter_for: Callable[..., Adapter],
    bedrock_emulator: BedrockEmulator,
    server: HTTPServer,
    content_type: str,
) -> None:
    server.expect_request("/x").respond_with_data(png(), content_type=content_type)
    bedrock_adapter_for(fetch_allow="127.0.0.1").chat(request(image(server.url_for("/x"))))
    assert bedrock_emulator.requests[-1].body["messages"][0]["content"][1]["image"]["format"] == "png"


def test_a_document_behind_a_url_has_its_name(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/docs/Annual_report.md").respond_with_data(b"# hi", content_type="application/octet-stream")
    part = {"type": "file", "file": {"file_data": server.url_for("/docs/Annual_report.md?a=b")}}
    bedrock_adapter_for(fetch_allow="127.0.0.1").chat(request(part))
    sent = bedrock_emulator.requests[-1].body["messages"][0]["content"][1]["document"]
    assert (sent["name"], sent["format"]) == ("Annual report", "md")


def test_each_url_is_fetched_once(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/a").respond_with_data(png())
    part = image(server.url_for("/a"))
    bedrock_adapter_for(fetch_allow="127.0.0.1").chat(request(part, part, part))
    assert len(server.log) == 1


def test_by_default_no_private_address_is_fetched(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    with pytest.raises(RequestError, match="FETCH_ALLOW") as caught:
        bedrock_adapter_for().chat(request(image(server.url_for("/a"))))
    assert (caught.value.status, caught.value.param) == (400, "messages[0].content[1].image_url.url")
    assert not server.log
    assert not bedrock_emulator.requests


def test_a_failure_is_a_400_that_names_the_part(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/a").respond_with_data(png())
    server.expect_request("/b").respond_with_data(b"", status=404)
    asked = request(image(server.url_for("/a")), image(server.url_for("/b")))
    with pytest.raises(RequestError, match="HTTP 404") as caught:
        bedrock_adapter_for(fetch_allow="127.0.0.1").chat(asked)
    assert (caught.value.status, caught.value.param) == (400, "messages[0].content[2].image_url.url")


def test_what_is_no_image_is_refused_by_its_content(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/a.png").respond_with_data(b"<html>secret page</html>", content_type="image/png")
    with pytest.raises(RequestError) as caught:
        bedrock_adapter_for(fetch_allow="127.0.0.1").chat(request(image(server.url_for("/a.png"))))
    assert caught.value.code == "unsupported_image"
    assert "secret" not in caught.value.message


def test_a_body_beyond_the_models_limit_is_cut_off(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/a").respond_with_data(WAVE)
    voxtral = request(
        {"type": "audio_url", "audio_url": {"url": server.url_for("/a")}}, model="mistral.voxtral-mini-3b-2507"
    )
    with pytest.raises(RequestError, match="more than 26214400 bytes"):
        bedrock_adapter_for(fetch_allow="127.0.0.1").chat(voxtral)


WAVE = b"RIFF\x00\x00\x00\x00WAVE" + b"\0" * 26_214_400


def test_switched_off(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    adapter = bedrock_adapter_for(fetch="off", fetch_allow="127.0.0.1")
    asked = request(image(server.url_for("/a")))
    assert adapter.needs(asked) == []
    with pytest.raises(UnsupportedFeatureError, match="BEDROCK_ADAPTER_FETCH") as caught:
        adapter.chat(asked)
    assert caught.value.param == "messages[0].content[1].image_url.url"
    assert server.log == []


def test_without_io_a_url_is_a_need(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    asked = request(image("https://a.example/b.png"), file(PDF))
    (need,) = adapter.needs(asked)
    assert isinstance(need, FetchURL)
    assert (need.key, need.url) == (("fetch-url", "https://a.example/b.png"), "https://a.example/b.png")
    with pytest.raises(NeedsIO) as caught:
        adapter.encode(asked)
    assert caught.value.need == need
    for value in (png(), Fetched(png(), "image/jpeg")):
        body = adapter.encode(asked, resources={need.key: value}).requests[0].body
        assert body is not None
        assert body["messages"][0]["content"][1]["image"]["format"] == "png"


def test_needs_in_tool_results_count_too(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    messages = [{"role": "tool", "tool_call_id": "a", "content": [image("https://a.example/b.png")]}]
    assert len(bedrock_adapter_for().needs({"model": CLAUDE, "messages": messages})) == 1


def test_nothing_is_fetched_for_a_model_that_could_not_take_it(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    assert adapter.needs(request(image("https://a.example/b.png"), model=TEXT_ONLY)) == []
    video = {"type": "video_url", "video_url": {"url": "https://a.example/b.mp4"}}
    assert adapter.needs(request(video, model=CLAUDE)) == []
    assert len(adapter.needs(request(video, model=NOVA))) == 1


def test_many_urls_are_refused_before_any_is_fetched(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(options={"media": {"max_urls": 2}})
    parts = [image(f"https://a.example/{number}.png") for number in range(3)]
    assert len(adapter.needs(request(*parts[:2], parts[0]))) == 2
    with pytest.raises(RequestError, match="at most 2 URLs"):
        adapter.needs(request(*parts))


@pytest.mark.parametrize(
    "messages", [None, 7, [7], [{"content": 7}], [{"content": [7, {"type": []}, {"type": "file"}]}]]
)
def test_malformed_messages_need_nothing(bedrock_adapter_for: Callable[..., Adapter], messages: Any) -> None:
    assert bedrock_adapter_for().needs({"model": CLAUDE, "messages": messages}) == []


@pytest.mark.parametrize(
    "options",
    [{"fetch": "maybe"}, {"fetch_allow": "http://a.example"}, {"options": {"media": {"max_urls": -1}}}],
)
def test_settings_that_cannot_work_are_refused_at_once(
    bedrock_adapter_for: Callable[..., Adapter], options: Any
) -> None:
    with pytest.raises(ConfigError):
        bedrock_adapter_for(**options).needs(request())


def test_the_urls_of_a_request_share_a_budget(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, server: HTTPServer
) -> None:
    server.expect_request("/a").respond_with_data(png())
    server.expect_request("/b").respond_with_data(png())
    asked = request(image(server.url_for("/a")), image(server.url_for("/b")))
    most = len(png()) * 2
    assert bedrock_adapter_for(fetch_allow="127.0.0.1", options={"media": {"fetch_bytes": most}}).chat(asked)
    with pytest.raises(RequestError, match="together"):
        bedrock_adapter_for(fetch_allow="127.0.0.1", options={"media": {"fetch_bytes": most - 1}}).chat(asked)
