"""Who a target's requests come from: region and credentials, by botocore's chain. Everything here may block."""

import functools
import os
from pathlib import Path
from typing import Any

from bedrock_adapter.errors import ConfigError
from bedrock_adapter.wire import Target

ROLE_SESSION_NAME = "bedrock-adapter"


def bearer_token(target: Target) -> str | None:
    """The Bedrock API key to use, or None for SigV4.

    `AWS_BEARER_TOKEN_BEDROCK` counts only where the target names no identity of its own.
    """
    if target.bearer_token:
        return target.bearer_token
    if target.access_key or target.profile or target.role_arn or target.web_identity_token:
        return None
    return os.environ.get("AWS_BEARER_TOKEN_BEDROCK") or None


def open_session(target: Target) -> Any:
    """A botocore session of the target's profile, with its static keys if it has any.

    Raises:
        ConfigError: a key comes without its secret.
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """
    import botocore.session

    session = botocore.session.Session(profile=target.profile)
    if bool(target.access_key) != bool(target.secret_key):
        raise ConfigError("an access key and a secret key must be given together")
    if target.access_key and target.secret_key:
        session.set_credentials(target.access_key, target.secret_key, target.session_token)
    return session


def region_of(session: Any, target: Target) -> str | None:
    """The region: the target's, `AWS_REGION` (which botocore ignores), `AWS_DEFAULT_REGION`, the profile's."""
    region = target.region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    return str(region) if region else None


def credentials_of(session: Any, target: Target, region: str) -> Any:
    """botocore credentials, refreshable or not; those of the target's role where it names one.

    Raises:
        botocore.exceptions.NoCredentialsError: the chain found nothing.
    """
    from botocore.exceptions import NoCredentialsError

    if target.web_identity_token:
        return _web_identity(session, target, region)
    source = session.get_credentials()
    if source is None:
        raise NoCredentialsError
    return _assumed(session, target, region, source, target.role_arn) if target.role_arn else source


def _assumed(session: Any, target: Target, region: str, source: Any, role: str) -> Any:
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    extra = {"RoleSessionName": target.role_session_name or ROLE_SESSION_NAME}
    if target.external_id:
        extra["ExternalId"] = target.external_id
    fetcher = AssumeRoleCredentialFetcher(_sts(session, target, region), source, role, extra_args=extra)
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def _web_identity(session: Any, target: Target, region: str) -> Any:
    from botocore.credentials import AssumeRoleWithWebIdentityCredentialFetcher, DeferredRefreshableCredentials

    if not target.role_arn:
        raise ConfigError("a web identity token needs a role to assume: role_arn")
    fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
        _sts(session, target, region),
        functools.partial(_identity_token, target.web_identity_token or ""),
        target.role_arn,
        extra_args={"RoleSessionName": target.role_session_name or ROLE_SESSION_NAME},
    )
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role-with-web-identity")


def _identity_token(token: str) -> str:
    """The token, or the content of the file that it names: the file's content is renewed by others."""
    file = Path(token)
    if not file.is_absolute():
        return token
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"the web identity token cannot be read: {error}") from None


def _sts(session: Any, target: Target, region: str) -> Any:
    return functools.partial(session.create_client, region_name=region, endpoint_url=target.sts_endpoint)
