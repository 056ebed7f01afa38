"""Ids of tool calls: the client's outside the family's pattern are mapped to some within it, and back."""

import hashlib
import re

# Ids that Bedrock has given out itself; a family's pattern is about those from elsewhere.
_BEDROCKS = re.compile(r"tooluse_[a-zA-Z0-9_-]{1,56}")


class Ids:
    """A mapping that depends on nothing but the id, so that it is the same in every request of a conversation.

    Args:
        pattern: regular expression that a wire id matches in full.
    """

    def __init__(self, pattern: str) -> None:
        self._fits = re.compile(pattern)
        self._client: dict[str, str] = {}

    def to_wire(self, id_: str) -> str:
        """The id that Bedrock sees."""
        if self._fits.fullmatch(id_) or _BEDROCKS.fullmatch(id_):
            return id_
        wire = self.made(id_)
        self._client[wire] = id_
        return wire

    @property
    def changed(self) -> bool:
        """Whether an id differs on the wire."""
        return bool(self._client)

    def to_client(self, wire: str) -> str:
        """The client's id; the model's own ids stay."""
        return self._client.get(wire, wire)

    def alias(self, wire: str, like: str) -> None:
        """Another wire id stands for what `like`, a wire id, stands for."""
        self._client[wire] = self.to_client(like)

    def made(self, seed: str) -> str:
        """A valid id made from `seed`."""
        digest = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()
        # The second form is for families whose ids are nine letters and digits.
        candidates = (f"call_{digest[:24]}", digest[:9], digest)
        return next((each for each in candidates if self._fits.fullmatch(each)), candidates[0])
