"""OpenAI conversations to Converse turns."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_adapter import Adapter, RequestError

NOVA = "us.amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MISTRAL_7B = "mistral.mistral-7b-instruct-v0:2"


@pytest.fixture
def encode(bedrock_adapter_for: Callable[..., Adapter]) -> Callable[..., dict[str, Any]]:
    adapter = bedrock_adapter_for()

    def run(messages: Any, model: str = NOVA, **fields: Any) -> dict[str, Any]:
        encoded = adapter.encode({"model": model, "messages": messages, **fields})
        body = encoded.requests[0].body
        assert body is not None
        return {**body, "notes": encoded.notes}

    return run


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def test_text_of_all_roles(encode: Callable[..., Any]) -> None:
    body = encode(
        [
            {"role": "system", "content": "Be kind."},
            {"role": "developer", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]},
            user("Hi"),
            assistant([{"type": "text", "text": "Hello"}, {"type": "refusal", "refusal": "No"}]),
            user([{"type": "text", "text": "Why?"}]),
        ]
    )
    assert body["system"] == [{"text": "Be kind."}, {"text": "Be"}, {"text": "brief."}]
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "assistant", "content": [{"text": "Hello"}, {"text": "No"}]},
        {"role": "user", "content": [{"text": "Why?"}]},
    ]
    assert body["notes"] == []


def test_audio_of_an_earlier_answer_is_noted(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    messages = [user("Hi"), {"role": "assistant", "audio": {"id": "audio_1"}}, user("Go on")]
    notes = bedrock_adapter_for().encode({"model": NOVA, "messages": messages}).notes
    assert [(note.param, note.action) for note in notes] == [("messages[1].audio", "ignored")]


def test_system_in_the_middle_moves_into_the_users_turn(encode: Callable[..., Any]) -> None:
    body = encode([user("Hi"), assistant("Hello"), {"role": "system", "content": "Now in French."}, user("Again")])
    assert body["messages"][-1]["content"] == [{"text": "<system>\nNow in French.\n</system>"}, {"text": "Again"}]
    assert [(note.param, note.action) for note in body["notes"]] == [("messages[2]", "moved")]


def test_system_for_a_model_without_system_prompts(encode: Callable[..., Any]) -> None:
    body = encode([{"role": "system", "content": "Be kind."}, user("Hi")], model=MISTRAL_7B)
    assert "system" not in body
    assert body["messages"][0]["content"][0] == {"text": "<system>\nBe kind.\n</system>"}


@pytest.mark.parametrize("blank", ["", "  \n", None, [], [{"type": "text", "text": " "}]])
def test_blank_content_is_left_out(encode: Callable[..., Any], blank: Any) -> None:
    body = encode([{"role": "system", "content": blank}, user("Hi"), assistant(blank), user(blank), user("there")])
    assert body["messages"] == [{"role": "user", "content": [{"text": "Hi"}, {"text": "there"}]}]
    assert "system" not in body


def test_a_wholly_blank_conversation_is_refused(encode: Callable[..., Any]) -> None:
    with pytest.raises(RequestError) as caught:
        encode([user(" "), assistant("")])
    assert (caught.value.status, caught.value.param) == (400, "messages")


def test_a_system_prompt_alone_gets_a_user_turn(encode: Callable[..., Any]) -> None:
    body = encode([{"role": "system", "content": "Say hello."}])
    assert body["messages"] == [{"role": "user", "content": [{"text": "."}]}]
    assert body["notes"][0].action == "added"


def test_turns_of_one_role_are_merged(encode: Callable[..., Any]) -> None:
    body = encode([user("a"), user("b"), assistant("c"), assistant("d"), user("e")])
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [{"text": "c"}, {"text": "d"}]


def test_a_leading_assistant_turn(encode: Callable[..., Any]) -> None:
    turns = [assistant("Hello"), user("Hi")]
    assert encode(turns, model=NOVA)["messages"][0] == {"role": "user", "content": [{"text": "."}]}
    assert encode(turns, model=CLAUDE)["messages"][0]["role"] == "assistant"


def test_prefill_where_the_model_continues_it(encode: Callable[..., Any]) -> None:
    body = encode([user("Count"), assistant("One, \n")], model=CLAUDE)
    assert body["messages"][-1] == {"role": "assistant", "content": [{"text": "One,"}]}
    assert body["notes"][0].action == "changed"


def test_prefill_where_the_model_refuses_it(encode: Callable[..., Any]) -> None:
    body = encode([user("Count"), assistant("One,")], model="us.anthropic.claude-sonnet-4-6")
    assert body["messages"][-1]["role"] == "user"
    assert "continue" in body["messages"][-1]["content"][0]["text"]


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        (None, "messages"),
        ([], "messages"),
        ("Hi", "messages"),
        (["Hi"], "messages[0]"),
        ([{"content": "Hi"}], "messages[0].role"),
        ([{"role": "owl", "content": "Hi"}], "messages[0].role"),
        ([user(5)], "messages[0].content"),
        ([user([5])], "messages[0].content[0]"),
        ([user([{"type": "smell"}])], "messages[0].content[0].type"),
        ([user([{"text": "Hi"}])], "messages[0].content[0].type"),
        ([user([{"type": "text"}])], "messages[0].content[0].text"),
        ([user("Hi"), assistant([{"type": "refusal", "refusal": 5}])], "messages[1].content[0].refusal"),
    ],
)
def test_bad_messages_name_the_place(encode: Callable[..., Any], messages: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(messages)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_names_are_noted(encode: Callable[..., Any]) -> None:
    body = encode([{"role": "user", "name": "ada", "content": "Hi"}])
    assert [note.param for note in body["notes"]] == ["messages[0].name"]


def test_members_without_a_place_are_told(encode: Callable[..., Any]) -> None:
    part = {"type": "text", "text": "Hi", "acme": 1, "cache_control": {"type": "ephemeral"}}
    assert [note.param for note in encode([user([part])])["notes"]] == ["messages[0].content[0].acme"]
    echoed = {**assistant("Hello"), "annotations": [], "images": [{"x": 1}], "acme": 5}
    body = encode([user("Hi"), echoed, user("Bye")])
    assert sorted(note.param for note in body["notes"]) == ["messages[1].acme", "messages[1].images"]


ROLES = st.sampled_from(["system", "developer", "user", "assistant"])
TEXTS = st.sampled_from(["", " ", "a", "word ", "\n", "b\n"])
CONTENT = st.none() | TEXTS | st.lists(TEXTS.map(lambda text: {"type": "text", "text": text}), max_size=3)
MESSAGES = st.lists(
    st.builds(lambda role, content: {"role": role, "content": content}, ROLES, CONTENT), min_size=1, max_size=12
)


@pytest.fixture(scope="module")
def offline() -> Adapter:
    from bedrock_adapter_plugins import load_builtins

    return Adapter(plugins=load_builtins(), autoload=False)


@given(messages=MESSAGES, model=st.sampled_from([NOVA, CLAUDE, MISTRAL_7B, "acme.unknown-1"]))
def test_every_conversation_keeps_bedrocks_rules(offline: Adapter, messages: list[dict[str, Any]], model: str) -> None:
    try:
        body = offline.encode({"model": model, "messages": messages}).requests[0].body
    except RequestError:
        return
    assert body is not None
    roles = [turn["role"] for turn in body["messages"]]
    assert roles, "at least one turn"
    assert all(a != b for a, b in pairwise(roles)), "roles alternate"
    profile = offline.route(model).profile.conversation
    assert roles[0] == "user" or profile.leading_assistant
    assert roles[-1] == "user" or profile.prefill
    blocks = [block for turn in body["messages"] for block in turn["content"]] + body.get("system", [])
    assert all(block["text"].strip() for block in blocks), "no blank text"
    kept = " ".join(block["text"] for block in blocks)
    given_texts = [part["text"] for m in messages for part in (m["content"] if isinstance(m["content"], list) else [])]
    given_texts += [m["content"] for m in messages if isinstance(m["content"], str)]
    assert all(text.strip() in kept for text in given_texts), "nothing is lost"
