"""The adapter's own suite for plugins, for ours."""

from pathlib import Path

from acme_owl import feather, owl

from bedrock_adapter.testing.conformance import PluginConformance


class TestOwl(PluginConformance):
    plugin = owl
    models = ("acme.owl-1", "acme.owl-small-1")


class TestFeather(PluginConformance):
    plugin = feather
    models = ("acme.feather-1",)
    cases = Path(__file__).with_name("feather.json")
