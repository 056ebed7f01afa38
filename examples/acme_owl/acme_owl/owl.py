"""The owls: what they take is data, in owls.toml; that Bedrock refuses more than ten wisdom is code."""

from pathlib import Path

from bedrock_adapter import Call, Layer, RequestError, Route, Stage, Step, hookimpl, load_layers


@hookimpl
def bedrock_profiles() -> list[Layer]:
    return load_layers(Path(__file__).with_name("owls.toml"), priority=10, origin="acme_owl/owls.toml")


@hookimpl
def bedrock_transform_request(route: Route) -> Step | None:
    return Step(Stage.FINAL, at_most_ten) if "most_wisdom" in route.profile.extra else None


def at_most_ten(call: Call) -> None:
    fields, most = call.body.get("additionalModelRequestFields", {}), call.route.profile.extra["most_wisdom"]
    wisdom = fields.get("wisdom", 0)
    if type(wisdom) not in (int, float):
        raise RequestError("wisdom must be a number", param="wisdom")
    if wisdom > most:
        call.note("wisdom", "changed", f"owls take at most {most}", "owl")
        fields["wisdom"] = most
