"""Request and response transform against functions written by hand for the same cases; route lookup against bare calls."""

from cases import CALLS_ANSWER, LONG, MODEL, REQUESTS, TEXT_ANSWER
from handwritten import to_converse, to_openai
from measure import Row, interleaved

from bedrock_adapter import Adapter, json_codec
from bedrock_adapter.types import Json
from bedrock_adapter.wire import WireResponse

BUDGET = 1.3
LOOKUP_BUDGET = 5.0


def measure(*, quick: bool) -> list[Row]:
    adapter = Adapter(region="us-east-1")
    rounds = 7 if quick else 25
    rows = [_request(adapter, name, request, rounds) for name, request in REQUESTS.items()]
    rows.append(_response(adapter, "response: text", TEXT_ANSWER, rounds))
    rows.append(_response(adapter, "response: text + 2 tool calls", CALLS_ANSWER, rounds))
    rows.append(_lookup(adapter, rounds))
    return rows


def _request(adapter: Adapter, name: str, request: Json, rounds: int) -> Row:
    if adapter.encode(request).requests[0].body != to_converse(request):
        raise AssertionError(f"{name}: the two transforms differ")
    ours, theirs = interleaved(
        (lambda: adapter.encode(request), lambda: to_converse(request)), rounds=rounds, repeat=100
    )
    return Row(f"request: {name}", ours, theirs, BUDGET)


def _response(adapter: Adapter, name: str, answer: Json, rounds: int) -> Row:
    """Both read the same bytes: what a transport has is bytes."""
    encoded = adapter.encode(LONG)
    responses = [WireResponse(200, {}, json_codec.dumps(answer))]
    made, wanted = adapter.decode(encoded, responses), to_openai(answer, MODEL)
    for unequal in ("id", "created"):
        made.pop(unequal), wanted.pop(unequal)
    if made != wanted:
        raise AssertionError(f"{name}: the two transforms differ")
    ours, theirs = interleaved(
        (lambda: adapter.decode(encoded, responses), lambda: to_openai(responses[0].json(), MODEL)),
        rounds=rounds,
        repeat=100,
    )
    return Row(name, ours, theirs, BUDGET)


def _lookup(adapter: Adapter, rounds: int) -> Row:
    router = adapter.router

    def bare(model: str) -> str:
        return model

    ours, theirs = interleaved(
        (
            lambda: [router.route("chat", router.resolve(MODEL)) for _ in range(1000)],
            lambda: [bare(MODEL) for _ in range(1000)],
        ),
        rounds=rounds,
        repeat=3,
    )
    return Row("route lookup / bare call", ours / 1000, theirs / 1000, LOOKUP_BUDGET)
