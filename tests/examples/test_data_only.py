"""A model in data only."""

from collections.abc import Callable

from bedrock_adapter import Adapter
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_response

from .conftest import EXAMPLES


def test_the_file_is_all_it_takes(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    transport = ScriptedTransport(converse_response("Hoo"))
    adapter = bedrock_adapter_for(config=EXAMPLES / "data_only" / "settings.toml", transport=transport)
    answer = adapter.chat({"model": "acme.owlet-1", "messages": [{"role": "user", "content": "Hi"}], "top_k": 3})
    assert answer["choices"][0]["message"]["content"] == "Hoo"
    assert transport.requests[0].body == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "additionalModelRequestFields": {"wisdom": {"top_k": 3}},
    }


def test_it_corrects_a_built_in_model(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(config=EXAMPLES / "data_only" / "settings.toml")
    request = {
        "model": "us.amazon.nova-lite-v1:0",
        "messages": [{"role": "user", "content": "Hi"}],
        "stop": ["a", "b", "c"],
    }
    encoded = adapter.encode(request)
    assert (encoded.requests[0].body or {})["inferenceConfig"]["stopSequences"] == ["a", "b"]
    assert [note.param for note in encoded.notes] == ["stop"]
