"""Images, documents, audio and video: what parts become, and what is refused with which words."""

import base64
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter
from bedrock_adapter.errors import AdapterError, RequestError, UnsupportedFeatureError
from bedrock_adapter.fetch import Fetched
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter_plugins.media import names

from .conftest import Blocks, Encode
from .samples import (
    CLAUDE,
    DOC,
    DOCX,
    IMAGES,
    MP3,
    MP4,
    NOVA,
    PDF,
    TEXT_ONLY,
    WAV,
    XLS,
    XLSX,
    b64,
    data_uri,
    file,
    gif,
    image,
    jpeg,
    png,
    request,
    webp,
)

VOXTRAL = "mistral.voxtral-small-24b-2507"


def source(data: bytes) -> dict[str, str]:
    return {"bytes": b64(data)}


def refusal(encode: Encode, part: Any, **options: Any) -> AdapterError:
    with pytest.raises(RequestError) as caught:
        encode(request(part, **options))
    assert caught.value.status == 400
    assert str(caught.value.param).startswith("messages[0].content[1]")
    return caught.value


# -- images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize(
    "mime",
    [
        "image/png",
        "image/jpeg",
        "image/jpg",
        "image/pjpeg",
        "image/jpeg; charset=utf-8",
        "IMAGE/GIF",
        "application/octet-stream",
        "image/*",
        "",
    ],
)
def test_the_bytes_decide_the_format_of_an_image(blocks: Blocks, name: str, mime: str) -> None:
    data = IMAGES[name]()
    assert blocks(image(data_uri(mime, data))) == [{"image": {"format": name, "source": source(data)}}]


def test_a_wrong_mime_type_is_mended_with_a_note(encode: Encode) -> None:
    _, notes = encode(request(image(data_uri("image/png", jpeg()))), strict=True)
    assert [(note.param, note.action, note.plugin) for note in notes] == [
        ("messages[0].content[1].image_url.url", "changed", "media")
    ]
    assert encode(request(image(data_uri("image/jpg", jpeg()))))[1] == []


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": b64(png())},
        {"type": "image_url", "image_url": {"url": b64(png())}},
        {"type": "image_url", "image_url": {"url": "DATA:image/png;BASE64," + b64(png())}},
        {"type": "image_url", "image_url": {"url": "data:;base64," + b64(png())}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + b64(png()).rstrip("=")}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,\n" + "\n".join(b64(png()))}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.urlsafe_b64encode(png()).decode()}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64(png())}},
        {"type": "image", "image": {"data": b64(png())}},
        {"type": "image", "data": b64(png()), "mimeType": "image/png"},
        {"type": "input_image", "image_url": data_uri("image/png", png())},
        {"type": "file", "file": {"file_data": data_uri("image/png", png()), "filename": "a.png"}},
    ],
)  # fmt: skip
def test_every_way_to_say_an_image(blocks: Blocks, part: Any) -> None:
    assert blocks(part) == [{"image": {"format": "png", "source": source(png())}}]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"<?xml version='1.0'?><svg/>", "svg"),
        (b"BM" + b"\0" * 20, "bmp"),
        (b"II*\x00" + b"\0" * 20, "tiff"),
        (b"\0\0\0\x1cftypheic\0\0\0\0", "heic"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "avif"),
        (b"not an image at all", "unknown"),
    ],
)
def test_other_kinds_of_images_are_refused_saying_what_is_supported(encode: Encode, data: bytes, found: str) -> None:
    error = refusal(encode, image(data_uri("image/png", data)))
    assert error.code == "unsupported_image"
    assert found in error.message
    assert "png, jpeg, gif, webp" in error.message


@pytest.mark.parametrize(
    "part",
    [
        image(data_uri("image/png", png())),
        image("https://a.example/b.png"),
        image("s3://b/k.png"),
        file(png(), "image/png"),
    ],
)
def test_a_model_that_cannot_see_says_so(encode: Encode, part: Any) -> None:
    error = refusal(encode, part, model=TEXT_ONLY)
    assert isinstance(error, UnsupportedFeatureError)
    assert TEXT_ONLY in error.message
    assert "takes no" in error.message


def test_a_model_that_nothing_is_known_of_gets_the_image(blocks: Blocks) -> None:
    assert blocks(image(data_uri("image/png", png())), model="newvendor.seer-1-v1:0") == [
        {"image": {"format": "png", "source": source(png())}}
    ]


@pytest.mark.parametrize("make", [png, jpeg, gif, webp])
@pytest.mark.parametrize("size", [(8001, 1), (1, 8001)])
def test_images_of_too_many_pixels_are_refused(encode: Encode, make: Any, size: tuple[int, int]) -> None:
    error = refusal(encode, image(data_uri("image/png", make(*size))))
    assert f"{size[0]}x{size[1]}" in error.message
    assert encode(request(image(data_uri("image/png", make(8000, 8000)))))


def test_images_of_too_many_bytes_are_refused(encode: Encode) -> None:
    most = 3_932_160
    start = png()
    assert encode(request(image(data_uri("image/png", start + b"\0" * (most - len(start))))))
    assert str(most) in refusal(encode, image(data_uri("image/png", start + b"\0" * (most - len(start) + 1)))).message
    assert refusal(encode, image("A" * 100_000_000)).code == "too_large"


def test_too_many_images_are_refused_at_the_first_that_is_too_many(encode: Encode) -> None:
    parts = [image(data_uri("image/png", png()))] * 20
    assert encode(request(*parts))
    with pytest.raises(RequestError, match="at most 20") as caught:
        encode(request(*parts, parts[0]))
    assert caught.value.param == "messages[0].content[21].image_url.url"


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "image_url"}, ""),
        ({"type": "image_url", "image_url": None}, ""),
        ({"type": "image_url", "image_url": 7}, ".image_url"),
        ({"type": "image_url", "image_url": []}, ".image_url"),
        ({"type": "image_url", "image_url": {}}, ".image_url"),
        ({"type": "image_url", "image_url": {"url": 7}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": ""}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,####"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAAA"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "ftp://a.example/b.png"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "gs://bucket/b.png"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "s3://bucket"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "日本"}}, ".image_url.url"),
        ({"type": "file", "file": {"file_id": "file-123"}}, ".file.file_id"),
        ({"type": "file", "file": {"filename": "a.pdf"}}, ".file"),
        ({"type": "document", "source": {"type": "text", "data": " "}}, ".source.data"),
        ({"type": "document", "source": {"type": "content", "content": [7]}}, ".source.content"),
    ],
)
def test_malformed_parts_name_the_key(encode: Encode, part: Any, param: str) -> None:
    assert refusal(encode, part, model=NOVA).param == f"messages[0].content[1]{param}"


def test_detail_is_noted(encode: Encode) -> None:
    assert encode(request(image(data_uri("image/png", png()), detail="auto")))[1] == []
    _, notes = encode(request(image(data_uri("image/png", png()), detail="high")))
    assert [(note.param, note.action) for note in notes] == [("messages[0].content[1].image_url.detail", "ignored")]


# -- S3 ---------------------------------------------------------------------------------------------------------------


def test_s3_objects_are_left_to_bedrock(blocks: Blocks) -> None:
    made = blocks(
        image("s3://bucket/a/kiwi.JPG"),
        image("s3://bucket/kiwi.png?bucketOwner=123456789012"),
        {"type": "video_url", "video_url": {"url": "s3://bucket/clip.mp4"}},
        {"type": "image_url", "image_url": {"url": "s3://bucket/object", "format": "image/webp"}},
        {"type": "file", "file": {"file_data": "s3://bucket/Report.pdf"}},
        model=NOVA,
    )
    assert made == [
        {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a/kiwi.JPG"}}}},
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/kiwi.png", "bucketOwner": "123456789012"}}}},
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/clip.mp4"}}}},
        {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/object"}}}},
        {"document": {"name": "Report", "format": "pdf", "source": {"s3Location": {"uri": "s3://bucket/Report.pdf"}}}},
    ]  # fmt: skip


def test_models_without_s3_sources_refuse_images_there(encode: Encode) -> None:
    assert "data URI" in refusal(encode, image("s3://bucket/kiwi.jpg"), model=CLAUDE).message
    assert "format" in refusal(encode, image("s3://bucket/object"), model=NOVA).message
    assert refusal(encode, image("s3://bucket/a.png?bucketOwner=1"), model=NOVA).code == "invalid_url"


# -- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "mime", "filename", "name"),
    [
        (PDF, "application/pdf", "a.pdf", "pdf"),
        (PDF, "application/octet-stream", None, "pdf"),
        (PDF, "text/plain", "a.txt", "pdf"),
        (DOCX, "application/octet-stream", None, "docx"),
        (XLSX, "application/zip", "a.zip", "xlsx"),
        (DOC, "application/octet-stream", None, "doc"),
        (XLS, "application/octet-stream", None, "xls"),
        (
            b"PK\x03\x04something",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            None,
            "docx",
        ),
        (b"a,b\n1,2", "text/csv", None, "csv"),
        (b"a,b\n1,2", "application/octet-stream", "a.csv", "csv"),
        (b"# Title", "text/markdown", None, "md"),
        (b"# Title", "application/octet-stream", "README.md", "md"),
        (b"<html></html>", "text/html", None, "html"),
        (b"<!DOCTYPE html><p>", "application/octet-stream", None, "html"),
        (b"plain", "application/octet-stream", None, "txt"),
        (b'{"a": 1}', "application/json", "a.json", "txt"),
        (b"print()", "text/x-python", "a.py", "txt"),
        (b"plain", "application/pdf", "a.pdf", "txt"),
    ],
)
def test_formats_of_documents(blocks: Blocks, data: bytes, mime: str, filename: str | None, name: str) -> None:
    made = blocks(file(data, mime, filename))
    assert made[0]["document"]["format"] == name
    assert made[0]["document"]["source"] == source(data)


def test_text_in_utf_16_is_sent_as_utf_8(blocks: Blocks) -> None:
    assert blocks(file("grün".encode("utf-16"), "text/plain"))[0]["document"]["source"] == source("grün".encode())


@pytest.mark.parametrize("data", [b"PK\x03\x04ppt/slides", b"\x7fELF\x00\x00\x00", b"PK\x03\x04other"])
def test_other_files_are_refused_saying_what_is_supported(encode: Encode, data: bytes) -> None:
    error = refusal(encode, file(data, "application/octet-stream", "a.bin"))
    assert error.code == "unsupported_document"
    assert "pdf, csv, doc" in error.message


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_data": b64(PDF), "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": data_uri("application/pdf", PDF), "filename": "dir/a.pdf"}},
        {"type": "file", "file": {"file_id": data_uri("application/pdf", PDF), "filename": "a.pdf"}},
        {"type": "input_file", "file_data": data_uri("application/pdf", PDF), "filename": "a.pdf"},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": b64(PDF)}, "title": "a.pdf"},
        {"type": "document", "document": {"data": b64(PDF), "name": "a"}},
        {"type": "image_url", "image_url": {"url": data_uri("application/pdf", PDF), "filename": "a.pdf"}},
    ],
)  # fmt: skip
def test_every_way_to_say_a_document(blocks: Blocks, part: Any) -> None:
    assert blocks(part) == [{"document": {"name": "a", "format": "pdf", "source": source(PDF)}}]


def test_percent_encoded_data(blocks: Blocks) -> None:
    made = blocks({"type": "file", "file": {"file_data": "data:text/plain,a%20b"}})
    assert made == [{"document": {"name": "Document 1", "format": "txt", "source": source(b"a b")}}]


def test_documents_given_as_text_and_as_chunks(blocks: Blocks) -> None:
    made = blocks(
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Leave: 20 days"}, "title": "Policy", "context": "HR"},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "one"}, "two"]}},
    )  # fmt: skip
    assert made == [
        {"document": {"name": "Policy", "format": "txt", "source": {"text": "Leave: 20 days"}, "context": "HR"}},
        {
            "document": {
                "name": "Document 2",
                "format": "txt",
                "source": {"content": [{"text": "one"}, {"text": "two"}]},
            }
        },
    ]


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Report.pdf", "Report"),
        ("my_report.v2.final.pdf", "my report v2 final"),
        ("Ünïcödé résumé.pdf", "Unicode resume"),
        ("C:\\docs\\a  b.pdf", "a b"),
        ("../../etc/passwd", "passwd"),
        (".pdf", "pdf"),
        ("日本語.pdf", "Document 1"),
        ("", "Document 1"),
        ("(a) [b] - c.pdf", "(a) [b] - c"),
        ("x" * 300 + ".pdf", "x" * 200),
    ],
)
def test_names_of_documents(blocks: Blocks, filename: str, name: str) -> None:
    assert blocks(file(PDF, "application/pdf", filename))[0]["document"]["name"] == name


def test_names_are_unique_in_the_whole_request_whatever_their_case(encode: Encode) -> None:
    one, two = file(PDF, name="a.pdf"), file(PDF, name="A.pdf")
    long = file(PDF, name="x" * 220)
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "t"}, one, long]},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": [{"type": "text", "text": "t"}, two, one, long]},
    ]
    body, notes = encode({"model": CLAUDE, "messages": messages}, strict=True)
    found = [block["document"]["name"] for turn in body["messages"] for block in turn["content"] if "document" in block]
    assert found == ["a", "x" * 200, "A (2)", "a (3)", "x" * 196 + " (2)"]
    assert len([note for note in notes if note.plugin == "media"]) == 3


@pytest.mark.parametrize("stem", ["a", "x" * 200])
def test_many_documents_of_one_name_are_no_quadratic_work(stem: str) -> None:
    class Counted(dict[str, int]):
        looked = 0

        def __contains__(self, name: object) -> bool:
            self.looked += 1
            return super().__contains__(name)

    taken = Counted()
    assert len({names.unique(stem, taken) for _ in range(1000)}) == 1000
    assert taken.looked < 4000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=210), max_size=5))
def test_any_file_names_make_names_that_bedrock_takes(
    bedrock_emulator: BedrockEmulator, adapter: Adapter, filenames: list[str]
) -> None:
    parts = [file(PDF, name=name) for name in filenames]
    answer = adapter.chat(request(*parts))
    assert answer["choices"]


def test_a_text_stands_beside_a_document(encode: Encode) -> None:
    asked: dict[str, Any] = {
        "model": CLAUDE,
        "messages": [{"role": "user", "content": [image(data_uri("image/png", png())), file(PDF)]}],
    }
    body, notes = encode(asked, strict=True)
    kinds = [next(iter(block)) for block in body["messages"][0]["content"]]
    assert kinds == ["image", "text", "document"]
    assert [note.action for note in notes] == ["added"]
    asked["messages"][0]["content"].append({"type": "text", "text": "what is it?"})
    assert [next(iter(block)) for block in encode(asked)[0]["messages"][0]["content"]] == ["image", "document", "text"]


def test_documents_have_limits(encode: Encode) -> None:
    llama = "us.meta.llama4-maverick-17b-instruct-v1:0"
    assert encode(request(*[file(PDF)] * 5, model=llama))
    with pytest.raises(RequestError, match="at most 5 documents"):
        encode(request(*[file(PDF)] * 6, model=llama))
    assert refusal(encode, file(PDF + b"x" * 4_718_592), model=llama).code == "too_large"


# -- audio and video --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said", "name"),
    [(WAV, "wav", "wav"), (MP3, "mp3", "mp3"), (WAV, "mp3", "wav"), (b"\xff\xfb\x90\x00", "mp3", "mp3")],
)
def test_audio(blocks: Blocks, data: bytes, said: str, name: str) -> None:
    part = {"type": "input_audio", "input_audio": {"data": b64(data), "format": said}}
    assert blocks(part, model=VOXTRAL) == [{"audio": {"format": name, "source": source(data)}}]


@pytest.mark.parametrize("model", [CLAUDE, NOVA, TEXT_ONLY])
def test_models_without_audio_say_so(encode: Encode, model: str) -> None:
    part = {"type": "input_audio", "input_audio": {"data": b64(WAV), "format": "wav"}}
    assert "takes no audio" in refusal(encode, part, model=model).message


@pytest.mark.parametrize(
    "part",
    [
        {"type": "video_url", "video_url": {"url": data_uri("video/mp4", MP4)}},
        {"type": "video", "video": {"data": b64(MP4), "format": "mp4"}},
        {"type": "video", "source": {"type": "base64", "media_type": "video/mp4", "data": b64(MP4)}},
        file(MP4, "video/mp4"),
    ],
)
def test_video(blocks: Blocks, part: Any) -> None:
    assert blocks(part, model=NOVA) == [{"video": {"format": "mp4", "source": source(MP4)}}]


def test_models_without_video_say_so(encode: Encode) -> None:
    assert "takes no video" in refusal(encode, file(MP4, "video/mp4"), model=CLAUDE).message


# -- places -----------------------------------------------------------------------------------------------------------


def test_media_of_assistants_are_refused(encode: Encode) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "draw"},
        {"role": "assistant", "content": [image(data_uri("image/png", png()))]},
        {"role": "user", "content": "more"},
    ]
    with pytest.raises(RequestError, match="assistant"):
        encode({"model": CLAUDE, "messages": messages})


def test_encoding_twice_counts_once(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter, asked = bedrock_adapter_for(), request(*[image(data_uri("image/png", png()))] * 20, file(PDF, name="a"))
    assert adapter.encode(asked).requests[0].body == adapter.encode(asked).requests[0].body


def test_without_the_plugin_media_are_refused(bedrock_environment: Any) -> None:
    from bedrock_adapter import Adapter
    from bedrock_adapter_plugins import load_builtins

    plugins = [plugin for plugin in load_builtins() if not plugin.__name__.endswith((".media", ".citations"))]
    with pytest.raises(RequestError, match="supported are"):
        Adapter(plugins=plugins, autoload=False).encode(request(image(data_uri("image/png", png()))))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["base64", "text", "content", "s3://b/k", "data:,", "http://["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "data", "file_data", "file_id", "type", "format", "filename", "content"]) | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
KINDS = [
    "image_url",
    "image",
    "input_image",
    "input_audio",
    "audio_url",
    "video_url",
    "video",
    "document",
    "file",
    "input_file",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(KINDS),
    st.sampled_from([*KINDS, "source"]),
    JSON,
    st.sampled_from([CLAUDE, NOVA, VOXTRAL, TEXT_ONLY]),
)
def test_whatever_a_part_holds_it_is_never_a_server_error(
    adapter: Adapter, kind: str, member: str, value: Any, model: str
) -> None:
    asked = request({"type": kind, member: value}, model=model)
    with contextlib.suppress(RequestError):
        adapter.encode(asked, resources={need.key: Fetched(png()) for need in adapter.needs(asked)})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([b"", *(make() for make in IMAGES.values()), PDF, DOCX, MP4, WAV]),
    st.binary(max_size=60),
    st.integers(0, 40),
)
def test_damaged_files_are_never_a_server_error(adapter: Adapter, start: bytes, rest: bytes, keep: int) -> None:
    with contextlib.suppress(RequestError):
        adapter.encode(request(file(start[:keep] + rest)))


@pytest.mark.parametrize("kind", [[], {}, 7, None, "hologram"])
def test_an_unknown_type_of_part_names_the_key(encode: Encode, kind: Any) -> None:
    assert refusal(encode, {"type": kind}).param == "messages[0].content[1].type"


# -- tool results -----------------------------------------------------------------------------------------------------

TOOL = {"type": "function", "function": {"name": "shoot", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "t1", "type": "function", "function": {"name": "shoot", "arguments": "{}"}}


def with_result(model: str, *parts: Any) -> dict[str, Any]:
    """A tool loop whose tool answered with parts."""
    loop = [{"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "t1", "content": list(parts)}]
    return {"model": model, "tools": [TOOL], "messages": [{"role": "user", "content": "look"}, *loop]}


@pytest.mark.parametrize(
    ("model", "inside"), [(CLAUDE, True), (NOVA, True), ("us.meta.llama3-2-90b-instruct-v1:0", False)]
)
def test_images_in_tool_results_stay_there_or_follow_them(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, model: str, inside: bool
) -> None:
    text, shot = {"type": "text", "text": "the screen:"}, image(data_uri("image/png", png()))
    assert bedrock_adapter_for().chat(with_result(model, text, shot))["choices"]
    blocks = [block for turn in bedrock_emulator.requests[-1].body["messages"] for block in turn["content"]]
    results = [item for block in blocks if "toolResult" in block for item in block["toolResult"]["content"]]
    sent = {"image": {"format": "png", "source": source(png())}}
    assert (sent in results, sent in blocks) == (inside, not inside)


def test_a_model_that_cannot_see_refuses_images_in_tool_results_too(
    bedrock_adapter_for: Callable[..., Adapter],
) -> None:
    with pytest.raises(UnsupportedFeatureError) as caught:
        bedrock_adapter_for().encode(with_result(TEXT_ONLY, image(data_uri("image/png", png()))))
    assert caught.value.param == "messages[2].content[0].image_url.url"
