"""What `bedrock-adapter litellm` and `bedrock-adapter litellm-config` do."""

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bedrock_adapter.errors import AdapterError, ConfigError

HOOK = "bedrock_adapter.hosts.litellm:startup"
_HOOKS = "LITELLM_WORKER_STARTUP_HOOKS"
_MASTER_KEY = "LITELLM_MASTER_KEY"
_PROVIDER_MAP = """\
litellm_settings:
  custom_provider_map:
    - {provider: bedrock_adapter, custom_handler: bedrock_adapter.hosts.litellm.handler}
"""
_GENERAL = "general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}\n"
_OWN_MODE = ("-c", "--config", "-m", "--model", "--help", "-v", "--version")


def run(argv: Sequence[str]) -> int:
    """Run LiteLLM's proxy, with LiteLLM's own arguments, and the adapter registered in every worker; returns its exit status.

    With neither `--config` nor `--model` a minimal config is generated, and a master key, which is printed, if there is none.

    Raises:
        ConfigError: LiteLLM's proxy is not installed.
    """
    hooks = [hook for hook in os.environ.get(_HOOKS, "").split(",") if hook.strip()]
    os.environ[_HOOKS] = ",".join(dict.fromkeys([*hooks, HOOK]))
    if any(argument.split("=")[0] in _OWN_MODE for argument in argv):
        return _serve(argv)
    with tempfile.TemporaryDirectory(prefix="bedrock-adapter-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(_PROVIDER_MAP + _GENERAL, encoding="utf-8")
        if not os.environ.get(_MASTER_KEY):
            os.environ[_MASTER_KEY] = f"sk-{secrets.token_hex(24)}"
            sys.stdout.write(f"{_MASTER_KEY}={os.environ[_MASTER_KEY]}\n")
            sys.stdout.flush()
        return _serve([*argv, "--config", str(config)])


def _serve(argv: Sequence[str]) -> int:
    try:
        from litellm.proxy.proxy_cli import run_server
    except ImportError as error:
        raise ConfigError(
            f"LiteLLM's proxy cannot be imported ({error}); pip install 'bedrock-adapter[proxy]'"
        ) from error
    try:
        run_server.main(args=list(argv), prog_name="bedrock-adapter litellm")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def config_yaml() -> str:
    """A YAML file for the `include:` of a LiteLLM config: the provider, and one entry per model that can be called now.

    An operator's list of ours is the only door, so the provider's wildcard is left out, unless there is nothing else.
    """
    from bedrock_adapter.hosts.litellm import deployments
    from bedrock_adapter.hosts.litellm.state import HOST, PREFIX

    publisher = deployments.Publisher(HOST.adapter.settings)
    comment = ""
    try:
        publisher.discovered(HOST.adapter.models())
    except AdapterError as error:
        comment = f"# Bedrock's models could not be listed: {' '.join(error.message.split())}\n"
    offers = deployments.offered(HOST.adapter.settings, publisher.found)
    named = [offer for offer in offers if offer.model != "*"] or offers
    entries = [
        f"  - {{model_name: {json.dumps(offer.name)}, litellm_params: {{model: {json.dumps(PREFIX + offer.model)}}}}}\n"
        for offer in named
    ]
    return "".join([comment, _PROVIDER_MAP, "model_list:\n" if entries else "", *entries])
