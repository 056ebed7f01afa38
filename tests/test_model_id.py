"""Model strings: ids, geo prefixes, every kind of ARN, and the forms of LiteLLM's own route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_adapter.model_id import GEO_PREFIXES, parse_model_id

ACCOUNT = "arn:aws:bedrock:eu-west-1:123456789012"
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1"
GEOS = [
    "us",
    "eu",
    "apac",
    "jp",
    "au",
    "ca",
    "in",
    "global",
    "us-gov",
    "sa",
    "amer",
    "uk",
    "kr",
    "il",
    "me",
    "af",
    "mx",
]


@pytest.mark.parametrize(
    ("text", "geo", "base"),
    [
        (f"{SONNET}:0", None, SONNET),
        (f"us.{SONNET}:0", "us", SONNET),
        (f"us-gov.{SONNET}:0", "us-gov", SONNET),
        (f"global.{SONNET}:0", "global", SONNET),
        (f"apac.{SONNET}:0:200k", "apac", SONNET),
        ("anthropic.claude-v2:1", None, "anthropic.claude-v2"),
        ("deepseek.v3.2", None, "deepseek.v3.2"),
        ("us.deepseek.r1-v1:0", "us", "deepseek.r1-v1"),
        ("global.moonshotai.kimi-k3.1", "global", "moonshotai.kimi-k3.1"),
        ("mistral.mistral-7b-instruct-v0:2", None, "mistral.mistral-7b-instruct-v0"),
        ("openai.gpt-oss-120b-1:0", None, "openai.gpt-oss-120b-1"),
        ("anthropic.claude-opus-4-6-v1", None, "anthropic.claude-opus-4-6-v1"),
        ("us.owl", None, "us.owl"),
        ("gpt-4o", None, "gpt-4o"),
        ("", None, ""),
    ],
)
def test_ids(text: str, geo: str | None, base: str) -> None:
    model = parse_model_id(text)
    assert (model.geo, model.base, model.wire, model.requested, model.answer) == (geo, base, text, text, text)
    assert (model.kind, model.opaque, model.target.region) == ("model", False, None)


@pytest.mark.parametrize("geo", GEOS)
def test_geo_prefixes(geo: str) -> None:
    assert geo in GEO_PREFIXES
    assert parse_model_id(f"{geo}.amazon.nova-lite-v1:0").base == "amazon.nova-lite-v1"


@pytest.mark.parametrize(
    ("arn", "kind", "base", "geo"),
    [
        (f"arn:aws:bedrock:eu-west-1::foundation-model/{SONNET}:0", "foundation-model", SONNET, None),
        (f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{SONNET}:0", "foundation-model", SONNET, None),
        (
            "arn:aws-cn:bedrock:cn-north-1::foundation-model/amazon.nova-lite-v1:0:300k",
            "foundation-model",
            "amazon.nova-lite-v1",
            None,
        ),
        (f"{ACCOUNT}:inference-profile/eu.{SONNET}:0", "inference-profile", SONNET, "eu"),
        (f"arn:aws:bedrock:::inference-profile/global.{SONNET}:0", "inference-profile", SONNET, "global"),
        (
            f"{ACCOUNT}:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl",
            "custom-model",
            "amazon.nova-lite-v1",
            None,
        ),
        (
            f"{ACCOUNT}:custom-model/meta.llama3-1-8b-instruct-v1/abcdefghijkl",
            "custom-model",
            "meta.llama3-1-8b-instruct-v1",
            None,
        ),
    ],
)
def test_arns_that_tell_their_model(arn: str, kind: str, base: str, geo: str | None) -> None:
    model = parse_model_id(arn)
    assert (model.kind, model.base, model.geo, model.opaque) == (kind, base, geo, False)
    assert model.wire == model.answer == arn
    assert model.target.region == (arn.split(":")[3] or None)


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (f"{ACCOUNT}:application-inference-profile/mi1dadi0g15f", "application-inference-profile"),
        (f"{ACCOUNT}:provisioned-model/abcdefghijkl", "provisioned-model"),
        (f"{ACCOUNT}:custom-model/imported/abcdefghijkl", "custom-model"),
        (f"{ACCOUNT}:custom-model-deployment/abcdefghijkl", "custom-model-deployment"),
        (f"{ACCOUNT}:imported-model/abcdefghijkl", "imported-model"),
        (f"{ACCOUNT}:prompt/ABCDEFGHIJ", "prompt"),
        (f"{ACCOUNT}:prompt/ABCDEFGHIJ:12", "prompt"),
        (f"{ACCOUNT}:prompt-router/abcdefghijkl", "prompt-router"),
        (f"{ACCOUNT}:default-prompt-router/anthropic.claude:1", "default-prompt-router"),
        ("arn:aws:sagemaker:eu-west-1:123456789012:endpoint/my-endpoint", "sagemaker-endpoint"),
        (
            "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/x1",
            "application-inference-profile",
        ),
    ],
)
def test_arns_that_hide_their_model(arn: str, kind: str) -> None:
    model = parse_model_id(arn)
    assert (model.kind, model.base, model.opaque, model.wire) == (kind, "", True, arn)
    assert model.target.region == arn.split(":")[3]


@pytest.mark.parametrize("region", ["evil.example/#", "us-east-1.evil", "a@b", "-", "US", "x" * 70, "us-east-1\n"])
def test_what_is_no_region_selects_no_endpoint(region: str) -> None:
    model = parse_model_id(f"arn:aws:bedrock:{region}:123456789012:application-inference-profile/x")
    assert (model.target.region, model.opaque) == (None, False)


def test_a_hidden_model_can_be_told() -> None:
    model = parse_model_id(f"{ACCOUNT}:application-inference-profile/mi1dadi0g15f").known_as(f"us.{SONNET}:0")
    assert (model.base, model.opaque, model.kind) == (SONNET, False, "application-inference-profile")


@pytest.mark.parametrize(
    ("text", "wire", "region"),
    [
        (f"bedrock_adapter/us.{SONNET}:0", f"us.{SONNET}:0", None),
        (f"bedrock/converse/us.{SONNET}:0", f"us.{SONNET}:0", None),
        (f"bedrock/eu-west-1/{SONNET}:0", f"{SONNET}:0", "eu-west-1"),
        (f"bedrock/us-gov-west-1/{SONNET}:0", f"{SONNET}:0", "us-gov-west-1"),
        (f"invoke/us-west-2/{SONNET}:0", f"{SONNET}:0", "us-west-2"),
        (
            f"converse/{ACCOUNT}:inference-profile/eu.{SONNET}:0",
            f"{ACCOUNT}:inference-profile/eu.{SONNET}:0",
            "eu-west-1",
        ),
        (
            f"us-east-1/{ACCOUNT}:inference-profile/eu.{SONNET}:0",
            f"{ACCOUNT}:inference-profile/eu.{SONNET}:0",
            "us-east-1",
        ),
        ("unheard/of", "unheard/of", None),
    ],
)
def test_route_forms(text: str, wire: str, region: str | None) -> None:
    model = parse_model_id(text)
    assert (model.wire, model.target.region, model.requested, model.answer) == (wire, region, text, text)


PIECES = st.sampled_from(
    ["arn:aws:bedrock:", "us.", "global.", "anthropic.", "claude-opus-5", ":0", "/", ":", ".", "bedrock/", "converse/", "eu-west-1/",
     "foundation-model/", "custom-model/", "inference-profile/", "123456789012", " ", "\n", "é", "-v1"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join)))
def test_any_text_parses(text: str) -> None:
    model = parse_model_id(text)
    assert model.requested == text
    assert text.endswith(model.wire)
    assert ":" not in model.base
    assert not (model.opaque and model.base)
    assert parse_model_id(model.wire).base == model.base


@given(st.text())
def test_parsing_a_base_again_changes_nothing(text: str) -> None:
    base = parse_model_id(text).base
    if not base.startswith("arn") and "/" not in base and parse_model_id(base).geo is None:
        assert parse_model_id(base).base == base
