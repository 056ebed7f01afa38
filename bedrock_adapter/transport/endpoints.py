"""Where a target's requests go: URL, proxy and TLS, as botocore would choose them. Everything here may block."""

import functools
import os
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bedrock_adapter.errors import ConfigError
from bedrock_adapter.service_errors import clean


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resolved endpoint.

    Attributes:
        url: base URL without a trailing slash.
        proxy: URL of the HTTP proxy, may hold credentials; None: direct.
        tls: what https uses; None for http.
    """

    url: str
    proxy: str | None = None
    tls: ssl.SSLContext | None = None


def resolve_endpoint(session: Any, service: str, region: str | None, override: str | None) -> Endpoint:
    """The endpoint of `service` (`bedrock-runtime` or `bedrock`).

    A botocore client is asked, since only it knows all sources: FIPS, dual-stack, `AWS_ENDPOINT_URL*`, `services`
    sections, `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, partitions. The first costs about 0.2 s, another 20 ms.

    Args:
        session: a botocore session.
        service: AWS service name.
        region: region name; None is possible with an override only.
        override: endpoint URL that wins over all of these.

    Raises:
        ConfigError: the URL is not http(s), or the CA bundle cannot be read.
        botocore.exceptions.BotoCoreError: the configuration is not usable.
    """
    url = override
    if url is None:
        # Placeholder keys: a client would otherwise go looking for credentials, perhaps in the network.
        client = session.create_client(service, region, aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106
        url = str(client.meta.endpoint_url)
        client.close()
    if not _sensible(url):
        raise ConfigError(f"the endpoint of {service} must be an http or https URL, not {clean(url)!r}")
    url = url.rstrip("/")
    tls = tls_context(_ca_bundle(session)) if url.startswith("https:") else None
    return Endpoint(url, _proxy(url), tls)


def _sensible(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine by its very name or address."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@functools.lru_cache(maxsize=16)
def tls_context(bundle: str) -> ssl.SSLContext:
    """A context that trusts the certificates of `bundle`, a PEM file or a directory of them."""
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the CA bundle {bundle} cannot be used: {error}; see AWS_CA_BUNDLE and ca_bundle") from None


def _ca_bundle(session: Any) -> str:
    from botocore.httpsession import get_cert_path

    configured = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    return str(configured or get_cert_path(True))


def _proxy(url: str) -> str | None:
    from botocore.httpsession import ProxyConfiguration
    from botocore.utils import get_environ_proxies

    proxy: str | None = ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url)
    return proxy
