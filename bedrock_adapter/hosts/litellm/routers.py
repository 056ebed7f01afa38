"""LiteLLM's Router in its two forms: up to 1.108 attributes and methods, later entry points that replace them."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class RouterView(Protocol):
    """What is needed of a Router. Deployments are LiteLLM's, entries their dictionaries."""

    def entries(self) -> list[Mapping[str, Any]]:
        """All deployments."""

    def aliases(self) -> Iterable[str]:
        """Names of `model_group_alias`."""

    def has(self, identifier: str) -> bool:
        """Is there a deployment with this id? One look-up."""

    def change(self, add: list[Any], remove: list[str]) -> None:
        """Add deployments, and remove those of these ids."""

    def redis(self) -> Any:
        """Its `RedisCache`, or None."""


def view(router: Any) -> RouterView:
    """`router` as seen by this LiteLLM."""
    return _EntryPoints(router) if hasattr(type(router), "registry") else _Members(router)


class _Members:
    """Measured with 1.106.2."""

    def __init__(self, router: Any) -> None:
        self._router = router

    def entries(self) -> list[Mapping[str, Any]]:
        return list(self._router.model_list)

    def aliases(self) -> Iterable[str]:
        return self._router.model_group_alias or ()

    def has(self, identifier: str) -> bool:
        return bool(self._router.has_model_id(identifier))

    def change(self, add: list[Any], remove: list[str]) -> None:
        for deployment in add:
            self._router.add_deployment(deployment)
        for identifier in remove:
            self._router.delete_deployment(identifier)

    def redis(self) -> Any:
        return self._router.cache.redis_cache


class _EntryPoints:
    """Measured with 1.109.1, where the members above still work and say that they will go."""

    def __init__(self, router: Any) -> None:
        self._router = router

    def entries(self) -> list[Mapping[str, Any]]:
        return list(self._router.registry().all())

    def aliases(self) -> Iterable[str]:
        return self._router.registry().aliases() or ()

    def has(self, identifier: str) -> bool:
        return bool(self._router.registry().has_deployment(identifier))

    def change(self, add: list[Any], remove: list[str]) -> None:
        from litellm.router_api import ChangeSet

        self._router.apply(ChangeSet(upsert=add, delete=remove))

    def redis(self) -> Any:
        return self._router.health().store.redis_cache
