"""What is special about owls, through the adapter's public methods and the fixtures of its pytest plugin."""

from collections.abc import Callable
from typing import Any

import pytest
from acme_owl import feather, owl

from bedrock_adapter import Adapter, RequestError

REQUEST = {"model": "acme.owl-1", "messages": [{"role": "user", "content": "Hi"}]}
Made = Callable[..., Adapter]


@pytest.mark.parametrize(("asked", "sent", "notes"), [(7, 7, []), (11, 10, ["wisdom"])])
def test_owls_take_at_most_ten_wisdom(bedrock_adapter_for: Made, asked: int, sent: int, notes: list[str]) -> None:
    encoded = bedrock_adapter_for(owl).encode({**REQUEST, "wisdom": asked})
    assert encoded.requests[0].body is not None
    assert encoded.requests[0].body["additionalModelRequestFields"] == {"wisdom": sent}
    assert [note.param for note in encoded.notes] == notes


def test_strict_refuses_what_would_be_changed(bedrock_adapter_for: Made) -> None:
    with pytest.raises(RequestError, match="wisdom: owls take at most 10"):
        bedrock_adapter_for(owl, strict=True).encode({**REQUEST, "wisdom": 11})


@pytest.mark.parametrize("wisdom", ["11", True, [11], {}])
def test_wisdom_is_a_number(bedrock_adapter_for: Made, wisdom: Any) -> None:
    with pytest.raises(RequestError, match="wisdom must be a number") as caught:
        bedrock_adapter_for(owl).encode({**REQUEST, "wisdom": wisdom})
    assert caught.value.param == "wisdom"


def test_small_owls_have_no_tools(bedrock_adapter_for: Made) -> None:
    tool = {"type": "function", "function": {"name": "hunt", "parameters": {"type": "object"}}}
    adapter = bedrock_adapter_for(owl)
    assert adapter.encode({**REQUEST, "tools": [tool]}).requests[0].body
    with pytest.raises(RequestError, match="tool"):
        adapter.encode({**REQUEST, "model": "acme.owl-small-1", "tools": [tool], "tool_choice": "required"})


def test_an_owl_answers(bedrock_adapter_for: Made, scripted_transport: Any, converse_response: Any) -> None:
    transport = scripted_transport(converse_response("Hoo"))
    answer = bedrock_adapter_for(owl, transport=transport).chat(REQUEST)
    assert answer["choices"][0]["message"]["content"] == "Hoo"
    assert transport.requests[0].resource == "acme.owl-1"


def test_feathers_read_no_images(bedrock_adapter_for: Made) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    request = {"model": "acme.feather-1", "messages": [{"role": "user", "content": [image]}]}
    with pytest.raises(RequestError):
        bedrock_adapter_for(feather).encode(request)


def test_both_are_found_where_the_distribution_is_installed(bedrock_environment: pytest.MonkeyPatch) -> None:
    infos = {info.name: info.distribution for info in Adapter().plugins}
    if "acme-owl" not in infos.values():
        pytest.skip("acme-owl is not installed")
    assert (infos["owl"], infos["feather"]) == ("acme-owl", "acme-owl")
    encoded = Adapter().encode({**REQUEST, "model": "acme.feather-1"})
    assert encoded.requests[0].operation == "InvokeModel"
