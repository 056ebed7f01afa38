"""A strict local Amazon Bedrock: Converse, ConverseStream, CountTokens, InvokeModel and the control plane's listings.

It shares nothing with the adapter (no catalogue, no encoder, no frame decoder), so that the two can disagree: its facts are
the tables in ``bedrock_adapter/testing/data`` and botocore's service model.

    with BedrockEmulator() as emulator:
        os.environ.update(emulator.environ)
        ...
        emulator.requests[-1].body
"""

from .requests import Recorded
from .script import Broken, HttpError, Script
from .server import BedrockEmulator, serve

__all__ = ["BedrockEmulator", "Broken", "HttpError", "Recorded", "Script", "serve"]
