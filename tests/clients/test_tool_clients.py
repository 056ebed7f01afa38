"""Agents and structured output as real clients do them, over both hosts: streaming and not, one model per kind of family."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal

import pytest

pytest.importorskip("uvicorn")
openai = pytest.importorskip("openai")
pydantic = pytest.importorskip("pydantic")

from ..hosts.litellm.proxies import KEY  # noqa: E402

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"  # cannot stream tools, nor be forced
FAMILIES = pytest.mark.parametrize("model", [CLAUDE, NOVA, LLAMA])
NEAR = "What is the weather like today?"
FAR = "What is the weather like in Shanghai today?"

# Warnings of the clients' own dependencies are not ours.
pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning", "default::UserWarning")


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    with openai.OpenAI(base_url=address, api_key=KEY, max_retries=0) as client:
        yield client


def get_current_weather(location: str) -> str:
    """Get the current weather in a given location."""
    return f"22 degrees and sunny in {location}"


def get_current_location() -> str:
    """Get the location of the user."""
    return "Shanghai"


TOOLS: dict[str, Callable[..., str]] = {
    "get_current_weather": get_current_weather,
    "get_current_location": get_current_location,
}


class Weather(pydantic.BaseModel):  # type: ignore[misc, name-defined, unused-ignore]
    """Get the current weather in a given location."""

    location: str


class Location(pydantic.BaseModel):  # type: ignore[misc, name-defined, unused-ignore]
    """Get the location of the user."""


def functions() -> list[Any]:
    return [
        openai.pydantic_function_tool(Weather, name="get_current_weather"),
        openai.pydantic_function_tool(Location, name="get_current_location"),
    ]


def run_loop(ask: Callable[[list[Any]], Any], question: str) -> tuple[list[str], str]:
    """A plain agent loop; `ask` gives the assistant's message. Returns the tools called and the last text."""
    messages: list[Any] = [{"role": "user", "content": question}]
    called: list[str] = []
    for _ in range(6):
        message = ask(messages)
        if not message.tool_calls:
            return called, message.content
        messages.append(message)
        for call in message.tool_calls:
            given = json.loads(call.function.arguments)
            called.append(call.function.name)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": TOOLS[call.function.name](**given)})
    raise AssertionError(f"the loop did not end: {called}")


@pytest.mark.parametrize("streaming", [False, True])
@FAMILIES
def test_openai_runs_a_loop_of_two_tools(client: Any, model: str, streaming: bool) -> None:
    def ask(messages: list[Any]) -> Any:
        if not streaming:
            return client.chat.completions.create(model=model, messages=messages, tools=functions()).choices[0].message
        with client.chat.completions.stream(model=model, messages=messages, tools=functions()) as stream:
            return stream.get_final_completion().choices[0].message

    called, text = run_loop(ask, NEAR)
    assert called == ["get_current_location", "get_current_weather"]
    assert "22 degrees" in text
    assert run_loop(ask, FAR)[0] == ["get_current_weather"]


class City(pydantic.BaseModel):  # type: ignore[misc, name-defined, unused-ignore]
    name: str
    kind: Literal["town", "city"]
    population: int = pydantic.Field(ge=1)


class Cities(pydantic.BaseModel):  # type: ignore[misc, name-defined, unused-ignore]
    cities: list[City]
    capital: City | None


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_openai_parses_pydantic_models(client: Any, model: str, streaming: bool) -> None:
    request: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": "Name two cities"}],
        "response_format": Cities,
    }
    if streaming:
        with client.chat.completions.stream(**request) as stream:
            choice = stream.get_final_completion().choices[0]
    else:
        choice = client.chat.completions.parse(**request).choices[0]
    assert isinstance(choice.message.parsed, Cities)
    assert choice.finish_reason == "stop"


@FAMILIES
def test_openai_parses_arguments(client: Any, model: str) -> None:
    request: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": FAR}], "tools": functions()}
    call = client.chat.completions.parse(**request).choices[0].message.tool_calls[0]
    assert isinstance(call.function.parsed_arguments, Weather)


@pytest.mark.parametrize("streaming", [False, True])
@FAMILIES
def test_langchain_agent(address: str, model: str, streaming: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = pytest.importorskip("langchain_openai").ChatOpenAI
    agents = pytest.importorskip("langchain.agents")
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    llm = chat(model=model, base_url=address, api_key=KEY, max_retries=0, streaming=streaming)
    agent = agents.create_agent(llm, [get_current_weather, get_current_location])
    messages = agent.invoke({"messages": [("user", NEAR)]})["messages"]
    called = [call["name"] for message in messages for call in getattr(message, "tool_calls", ())]
    assert called == ["get_current_location", "get_current_weather"]
    assert "22 degrees" in messages[-1].content


@pytest.mark.parametrize("model", [CLAUDE, NOVA])
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_langchain_structured_output(address: str, model: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = pytest.importorskip("langchain_openai").ChatOpenAI
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    llm = chat(model=model, base_url=address, api_key=KEY, max_retries=0)
    assert isinstance(llm.with_structured_output(Cities, method=method).invoke("Name two cities"), Cities)


@pytest.fixture
async def agent_for(address: str) -> AsyncIterator[Callable[..., Any]]:
    """Makes pydantic-ai agents over its OpenAI model."""
    ai = pytest.importorskip("pydantic_ai")
    models = pytest.importorskip("pydantic_ai.models.openai")
    providers = pytest.importorskip("pydantic_ai.providers.openai")
    async with openai.AsyncOpenAI(base_url=address, api_key=KEY, max_retries=0) as client:
        provider = providers.OpenAIProvider(openai_client=client)
        yield lambda model, **options: ai.Agent(models.OpenAIChatModel(model, provider=provider), **options)


@pytest.mark.parametrize("streaming", [False, True])
@FAMILIES
async def test_pydantic_ai_agent(agent_for: Callable[..., Any], model: str, streaming: bool) -> None:
    events: list[Any] = []

    # `run_stream` would take the text that some models write before a call for the answer.
    async def watch(_: Any, stream: Any) -> None:
        events.extend([event async for event in stream])

    agent = agent_for(model, tools=[get_current_weather, get_current_location])
    run = await agent.run(NEAR, event_stream_handler=watch if streaming else None)
    text, messages = run.output, run.all_messages()
    assert bool(events) is streaming
    called = [part.tool_name for message in messages for part in message.parts if part.part_kind == "tool-call"]
    assert called == ["get_current_location", "get_current_weather"]
    assert "22 degrees" in text


@pytest.mark.parametrize("way", ["NativeOutput", "ToolOutput"])
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
async def test_pydantic_ai_output(agent_for: Callable[..., Any], model: str, way: str) -> None:
    ai = pytest.importorskip("pydantic_ai")
    run = await agent_for(model, output_type=getattr(ai, way)(Cities)).run("Name two cities")
    assert isinstance(run.output, Cities)
