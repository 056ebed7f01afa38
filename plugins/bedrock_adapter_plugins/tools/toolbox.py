"""What is known of one request's tools: names, ids, definitions. Made when it is first asked for, kept in `call.state`."""

from bedrock_adapter import Call

from .definitions import NAME, Definition, read, refuse_unsupported
from .ids import Ids
from .names import Names, mentioned


class Toolbox:
    """The tools of one request.

    Attributes:
        names, ids: mappings between the client's and the wire's.
        definitions: by the client's name, in the request's order.
        used: client names that the history calls, in order.
        mode: the choice of tools: `auto`, `none`, `required` or `named`.
        legacy: the client speaks of `functions`; answers are `function_call`s.
        open_functions: (name, wire id) of the history's function calls that no `function` message has answered yet.
    """

    __slots__ = ("_legacy_calls", "definitions", "ids", "legacy", "mode", "names", "open_functions", "used")

    def __init__(self, call: Call) -> None:
        tools = call.route.profile.tools
        self.names = Names(mentioned(call.request), tools.name_characters)
        self.ids = Ids(tools.id_pattern)
        definitions = read(call, self.names)
        if not tools.supported and (refusal := refuse_unsupported(definitions)):
            raise refusal
        self.definitions: dict[str, Definition] = {each.name: each for each in definitions}
        self.used: list[str] = []
        self.mode = "auto"
        self.legacy = bool(call.request.get("functions")) and not call.request.get("tools")
        self.open_functions: list[tuple[str, str]] = []
        self._legacy_calls = 0
        for name, wire in self.names.changed.items():
            call.repair("tools", "changed", f"the tool {name!r} is called {wire!r} towards Bedrock", NAME)

    @property
    def translates(self) -> bool:
        """Whether calls in the answer differ from what the client is to see."""
        odd = any(each.wrapped or each.kind == "custom" for each in self.definitions.values())
        return odd or self.legacy or self.ids.changed or bool(self.names.changed)

    def function_id(self, name: str) -> str:
        """An id for a deprecated `function_call` of the history, which has none."""
        self._legacy_calls += 1
        wire = self.ids.made(f"function_call {self._legacy_calls}")
        self.open_functions.append((name, wire))
        return wire

    def answered_function(self, name: str) -> str:
        """The id of the latest open `function_call` of that name; one that belongs to no call if there is none."""
        for index in range(len(self.open_functions) - 1, -1, -1):
            if self.open_functions[index][0] == name:
                return self.open_functions.pop(index)[1]
        return self.ids.made(f"function {name}")


def toolbox(call: Call) -> Toolbox:
    """The request's toolbox.

    Raises:
        RequestError: its tools are malformed, or the model takes none.
    """
    box = call.state.get(NAME)
    if box is None:
        box = call.state[NAME] = Toolbox(call)
    assert isinstance(box, Toolbox)  # the key is this plugin's
    return box
