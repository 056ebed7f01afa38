"""Hosts: programs that serve the adapter to clients. Others join by the entry-point group `bedrock_adapter.hosts`."""

from importlib.metadata import entry_points
from typing import Any

from bedrock_adapter.errors import ConfigError

GROUP = "bedrock_adapter.hosts"


def install(name: str, **options: Any) -> Any:
    """Install the adapter into a host, e.g. `install("litellm")`.

    The entry point `name` of the group `bedrock_adapter.hosts` is called with `options`; its result is returned.

    Raises:
        ConfigError: no installed package declares such a host, two do, or its import failed; the message says which.
    """
    found = {
        str(entry_point.dist and entry_point.dist.name): entry_point
        for entry_point in entry_points(group=GROUP, name=name)
    }
    if not found:
        known = ", ".join(sorted({entry_point.name for entry_point in entry_points(group=GROUP)})) or "none"
        raise ConfigError(f"there is no host {name!r}; installed are {known}")
    if len(found) > 1:
        raise ConfigError(f"the host {name!r} is declared by {' and '.join(sorted(found))}; uninstall one of them")
    (distribution, entry_point), *_ = found.items()
    try:
        function = entry_point.load()
    except ImportError as error:
        raise ConfigError(
            f"the host {name!r} of {distribution} cannot be imported: {error}; is its extra installed?"
        ) from error
    return function(**options)
