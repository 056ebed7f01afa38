"""A small Bedrock of its own process: fixed answers over keep-alive connections, as cheap as asyncio allows.

Run: python upstream.py; prints its port. Streams send one event a write, a millisecond apart, so that each is a read of its own.
"""

import asyncio

from cases import STREAM_EVENTS, TEXT_ANSWER, stream_frames

from bedrock_adapter import json_codec

_PAUSE = 0.001
_REQUEST_ID = b"x-amzn-requestid: 0123\r\n"
_JSON = json_codec.dumps(TEXT_ANSWER)
_UNARY = b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    _REQUEST_ID,
    len(_JSON),
    _JSON,
)
_STREAM = (
    b"HTTP/1.1 200 OK\r\n%bcontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n"
    % _REQUEST_ID
)
_CHUNKS = [b"%x\r\n%b\r\n" % (len(frame), frame) for frame in stream_frames(STREAM_EVENTS)]


async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, after = head.partition(b"content-length:")
            await reader.readexactly(int(after.partition(b"\r\n")[0] or 0))
            if b"-stream http" not in head.partition(b"\r\n")[0]:
                writer.write(_UNARY)
                continue
            writer.write(_STREAM)
            for chunk in _CHUNKS:
                writer.write(chunk)
                await asyncio.sleep(_PAUSE)
            writer.write(b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve_connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
