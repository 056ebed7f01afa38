"""What one process has once: the adapter that serves LiteLLM's requests, and the loop thread of its sync callers."""

import threading
from dataclasses import replace

from bedrock_adapter.adapter import Adapter
from bedrock_adapter.portal import Portal
from bedrock_adapter.settings import Settings, load_settings
from bedrock_adapter.transport.retry import RetryPolicy

PROVIDER = "bedrock_adapter"
"""Provider name in LiteLLM. A name of LiteLLM's own, such as `bedrock`, could not be taken: those always win."""
PREFIX = PROVIDER + "/"


class Host:
    """Holds the adapter; builds it from the environment when it is first asked for. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._adapter: Adapter | None = None
        self._retries = RetryPolicy(0)
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
                    self._adapter = self._built(load_settings())
        return self._adapter

    @property
    def retries(self) -> RetryPolicy:
        """How often a call is tried that no Router of LiteLLM's tries again."""
        _ = self.adapter  # its settings say it
        return self._retries

    def use(self, adapter: Adapter | Settings | None) -> None:
        """Serve through `adapter` from now on, or through a new one with these settings, or (None) those of the environment.

        An adapter that is brought ready retries by itself, on top of LiteLLM's Router.
        """
        self.portal.close()  # with the connections of the one before; it starts again when it is needed
        with self._lock:
            self._retries = RetryPolicy(0)
            self._adapter = self._built(adapter) if isinstance(adapter, Settings) else adapter

    def _built(self, settings: Settings) -> Adapter:
        self._retries = RetryPolicy(settings.retries, settings.retry_deadline)
        return Adapter(replace(settings, retries=0))


HOST = Host()
