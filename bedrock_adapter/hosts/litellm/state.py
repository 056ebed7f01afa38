"""What one process has once: the adapter that serves LiteLLM's requests, and the loop thread of its sync callers."""

import threading

from bedrock_adapter.adapter import Adapter
from bedrock_adapter.portal import Portal
from bedrock_adapter.settings import load_settings

PROVIDER = "bedrock_adapter"
"""Provider name in LiteLLM. A name of LiteLLM's own, such as `bedrock`, could not be taken: those always win."""
PREFIX = PROVIDER + "/"


class Host:
    """Holds the adapter; builds it from the environment when it is first asked for. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._adapter: Adapter | None = None
        self.portal = Portal()

    @property
    def adapter(self) -> Adapter:
        """The adapter.

        Raises:
            ConfigError, PluginError: settings or plugins that cannot work.
        """
        if self._adapter is None:
            with self._lock:
                if self._adapter is None:
                    self._adapter = Adapter(load_settings())
        return self._adapter

    def use(self, adapter: Adapter | None) -> None:
        """Serve through `adapter` from now on; None: through a new one made from the environment."""
        with self._lock:
            self._adapter = adapter


HOST = Host()
