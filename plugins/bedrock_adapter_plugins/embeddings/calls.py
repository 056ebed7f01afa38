"""InvokeModel requests of the canonical body."""

from collections.abc import Callable, Iterator, Sequence

from bedrock_adapter import Call, UnsupportedFeatureError, WireRequest
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.embeddings.inputs import images_of, text_of
from bedrock_adapter_plugins.parameters import merge

Item = str | list[Json]


def request(call: Call, body: Json, positions: Sequence[int]) -> WireRequest:
    """One call that carries the inputs at `positions`; what the caller gave as `extra` is merged into its body."""
    if extra := call.body.get("extra"):
        merge(body, extra)
    return WireRequest("InvokeModel", call.model, body, inputs=positions)


def one_each(call: Call, body: Callable[[Item, int], Json]) -> list[WireRequest]:
    """One call for each input; `body(item, position)` makes it."""
    return [request(call, body(item, index), (index,)) for index, item in enumerate(call.body["inputs"])]


def chunks(positions: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Pieces of at most `size`."""
    return (positions[at : at + size] for at in range(0, len(positions), size))


def text_or_image(item: Item, position: int) -> tuple[str, Json | None]:
    """The text and the image of an item that may have one of each.

    Raises:
        UnsupportedFeatureError: it has several images.
    """
    images = images_of(item)
    if len(images) > 1:
        raise UnsupportedFeatureError(
            f"input[{position}] has {len(images)} images; the model takes one for a vector", param=f"input[{position}]"
        )
    return text_of(item), images[0] if images else None


def not_both(item: Item, position: int) -> tuple[str, Json | None]:
    """The text, or the image.

    Raises:
        UnsupportedFeatureError: it has both, or several images.
    """
    text, image = text_or_image(item, position)
    if text and image:
        raise UnsupportedFeatureError(
            f"input[{position}] has a text and an image; the model takes one of them for a vector",
            param=f"input[{position}]",
        )
    return text, image
