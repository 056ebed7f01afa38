"""A client that knows only OpenAI's fields, running a tool loop."""

from collections.abc import Callable, Mapping
from typing import Any

from bedrock_adapter import Adapter, Context
from bedrock_adapter.types import Json


def _tool(name: str, description: str, **properties: str) -> Json:
    parameters = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    function = {"name": name, "description": description, "parameters": {**parameters, "required": list(properties)}}
    return {"type": "function", "function": function}


TOOLS = [
    _tool("get_weather", "Get the weather in a city", city="string"),
    _tool("get_current_city", "Get the city that the user is in"),
]
RESULTS = {"get_weather": '{"sky": "clear"}', "get_current_city": '{"city": "Lyon"}'}
QUESTION = "What is the weather in my city?"
"""The emulator asks for the city first, then for its weather, then answers: a loop of two steps."""

OPENAI_FIELDS = frozenset({"role", "content", "tool_calls", "refusal"})


def unary(adapter: Adapter, request: Json, context: Context) -> Json:
    """The message and finish reason of a unary answer."""
    choice = adapter.chat(request, context=context)["choices"][0]
    return {"message": choice["message"], "finish": choice["finish_reason"]}


def streamed(adapter: Adapter, request: Json, context: Context) -> Json:
    """The same from a stream, put together as an OpenAI client would; what it doesn't know goes to `message` too."""
    message: Json = {"role": "assistant", "content": ""}
    calls: dict[int, Json] = {}
    finish = None
    for chunk in adapter.stream({**request, "stream": True}, context=context):
        for choice in chunk["choices"]:
            delta = choice["delta"]
            message["content"] += delta.get("content") or ""
            if "reasoning_content" in delta:
                message["reasoning_content"] = message.get("reasoning_content", "") + delta["reasoning_content"]
            for part in delta.get("tool_calls") or ():
                call = calls.setdefault(part["index"], {"type": "function", "function": {"name": "", "arguments": ""}})
                call["id"] = part.get("id") or call["id"]
                call["function"]["name"] += part["function"].get("name") or ""
                call["function"]["arguments"] += part["function"].get("arguments") or ""
            finish = choice["finish_reason"] or finish
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return {"message": message, "finish": finish}


Ask = Callable[[Adapter, Json, Context], Json]


def only_openai(message: Mapping[str, Any]) -> Json:
    """What a client that knows only OpenAI's fields sends back of a message."""
    return {name: value for name, value in message.items() if name in OPENAI_FIELDS}


def run_loop(
    adapter: Adapter,
    model: str,
    *,
    ask: Ask = unary,
    turns: int = 6,
    questions: tuple[str, ...] = (QUESTION,),
    echo: Callable[[Mapping[str, Any]], Json] = only_openai,
    context: Context | None = None,
    **fields: Any,
) -> tuple[list[Json], list[Json]]:
    """Ask, run the tools, answer them, until the model is done; for each question.

    Returns: the messages as the client holds them, and the answers as they came.
    """
    messages: list[Json] = [{"role": "system", "content": "You are a careful geographer."}]
    answers: list[Json] = []
    for question in questions:
        messages.append({"role": "user", "content": question})
        for _ in range(turns):
            request = {"model": model, "messages": messages, "tools": TOOLS, **fields}
            answer = ask(adapter, request, context or Context(identity="caller"))
            answers.append(answer)
            messages.append(echo(answer["message"]))
            if answer["finish"] != "tool_calls":
                break
            for call in answer["message"]["tool_calls"]:
                result = RESULTS[call["function"]["name"]]
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    return messages, answers
