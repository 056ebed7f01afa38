"""What needs and saves may use to reach the world."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from bedrock_adapter.call import Call
from bedrock_adapter.routes import Need, Save
from bedrock_adapter.settings import Settings
from bedrock_adapter.transport import Transport
from bedrock_adapter.wire import Target, WireRequest, WireResponse


@dataclass(frozen=True, slots=True)
class IO:
    """Handed to `Need.load` and `Save.save`.

    Attributes:
        transport: signed calls to Bedrock.
        settings: the adapter's settings.
        target: endpoint and credentials of the request at hand.
    """

    transport: Transport
    settings: Settings
    target: Target

    async def bedrock(self, request: WireRequest) -> WireResponse:
        """One call to Bedrock as the request's own caller.

        Raises:
            ServiceError: Bedrock refused it.
        """
        return await self.transport.send(request, self.target)


async def load(call: Call, needs: Iterable[Need], io: IO) -> None:
    """Load all needs of a call concurrently into its resources; the first failure cancels the rest and is raised."""
    missing = [need for need in needs if need.key not in call.resources]
    if not missing:
        return
    if len(missing) == 1:
        call.resources[missing[0].key] = await missing[0].load(io)
        return
    tasks = [asyncio.ensure_future(need.load(io)) for need in missing]
    try:
        values = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    call.resources.update(zip((need.key for need in missing), values, strict=True))


async def write(saves: Iterable[Save], io: IO) -> list[BaseException]:
    """Run all saves concurrently; returns what failed, since a failed write must not cost the client its answer."""
    results = await asyncio.gather(*(save.save(io) for save in saves), return_exceptions=True)
    return [result for result in results if isinstance(result, Exception)]
