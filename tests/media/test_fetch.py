"""The guarded fetch: hostile URLs, redirects, names that change their answer, huge and slow bodies."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp.abc
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_adapter.addresses import Allowed, is_public
from bedrock_adapter.errors import ConfigError, RequestError
from bedrock_adapter.fetch import Budget, Fetched, FetchURL, Limits
from bedrock_adapter.fetcher import Fetcher

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Resolver(aiohttp.abc.AbstractResolver):
    """Answers each look-up with the next of its addresses."""

    def __init__(self, *answers: list[str] | str) -> None:
        self.answers = [[answer] if isinstance(answer, str) else answer for answer in answers]
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[dict[str, Handler]], Awaitable[int]]]:
    """Starts servers on loopback; returns the port."""
    runners: list[web.AppRunner] = []

    async def start(routes: dict[str, Handler]) -> int:
        app = web.Application()
        for path, handler in routes.items():
            app.router.add_get(path, handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    yield start
    for runner in runners:
        await runner.cleanup()


def body(data: bytes, **options: Any) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=data, **options)

    return handler


def redirect(place: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": place})

    return handler


LOOPBACK = Allowed(["127.0.0.1"])
NOT_PUBLIC = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.169.254:80/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://198.18.0.1/",
    "http://224.0.0.251/",
    "http://224.0.1.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:0a00:0001]/",
    "http://[::127.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2606:4700::5efe:10.0.0.1]/",
    "http://[2001:db8::1]/",
    "https://127.0.0.1/",
]


@pytest.mark.parametrize("url", NOT_PUBLIC)
async def test_no_spelling_of_a_private_address_is_connected_to(url: str) -> None:
    with pytest.raises(RequestError) as caught:
        await Fetcher(Allowed([]), Limits(seconds=5)).fetch(url, "messages[0].content[0].image_url.url")
    assert caught.value.status == 400
    assert caught.value.param == "messages[0].content[0].image_url.url"
    assert "169.254" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a.png",
        "gopher://example.com/",
        "data:text/plain,x",
        "//example.com/a.png",
        "http://",
        "http:///a.png",
        "http://user:secret@example.com/a.png",
        "http://user@example.com/a.png",
        "http://example.com:99999/",
        "http://[::1/",
        "http://[zz]/",
        "http://exa mple.com/",
        "javascript:alert(1)",
        "",
        "https://example.com/" + "a" * 9000,
    ],
)
async def test_urls_of_another_form_are_refused_without_a_look_up(url: str) -> None:
    resolver = Resolver("127.0.0.1")
    with pytest.raises(RequestError) as caught:
        await Fetcher(LOOPBACK, resolver=resolver).fetch(url, "p")
    assert (caught.value.status, caught.value.param) == (400, "p")
    assert "secret" not in caught.value.message
    assert resolver.asked == []


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@settings(max_examples=80)
@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_judged_like_the_address_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    assert is_public(mapped) == is_public(nat64) == is_public(address)
    six = ipaddress.IPv6Address((0x2002 << 112) | (number << 80))
    assert not is_public(six), "6to4 leads nowhere that is safe"


async def test_a_name_that_resolves_to_a_private_address_is_refused() -> None:
    with pytest.raises(RequestError, match="not public"):
        await Fetcher(Allowed([]), resolver=Resolver("10.1.2.3")).fetch("http://images.example.com/a.png", "p")


async def test_every_address_of_a_name_is_checked_not_the_first_alone() -> None:
    with pytest.raises(RequestError, match="not public"):
        await Fetcher(Allowed([]), resolver=Resolver(["10.1.2.3", "::1", "169.254.169.254"])).fetch(
            "http://a.example/", "p"
        )


async def test_a_name_that_changes_its_answer_gains_nothing(serve: Any) -> None:
    """The first look-up is fine, the one after the redirect to the same name leads inside."""
    port = await serve({"/a": redirect("/b"), "/b": body(b"secret")})
    resolver = Resolver("127.0.0.1", "127.0.0.2")
    with pytest.raises(RequestError, match="not public"):
        await Fetcher(LOOPBACK, resolver=resolver).fetch(f"http://a.example:{port}/a", "p")
    assert resolver.asked == ["a.example", "a.example"]


async def test_one_look_up_per_hop_so_the_address_checked_is_the_one_connected_to(serve: Any) -> None:
    port = await serve({"/a": body(b"x")})
    resolver = Resolver("127.0.0.1", "10.0.0.1")
    assert (await Fetcher(LOOPBACK, resolver=resolver).fetch(f"http://a.example:{port}/a", "p")).data == b"x"
    assert resolver.asked == ["a.example"]


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/",
        "http://127.0.0.2/",
        "//127.0.0.3/",
        "http://[::1]/",
        "http://2130706434/",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/",
        "http://[bad/",
    ],
)
async def test_redirects_are_checked_again(serve: Any, place: str) -> None:
    port = await serve({"/a": redirect(place)})
    with pytest.raises(RequestError) as caught:
        await Fetcher(LOOPBACK).fetch(f"http://127.0.0.1:{port}/a", "p")
    assert caught.value.status == 400


async def test_redirects_are_followed_as_far_as_the_limit(serve: Any) -> None:
    port = await serve({"/a": redirect("/b"), "/b": redirect("/c"), "/c": body(b"x", content_type="image/png")})
    url = f"http://127.0.0.1:{port}/a"
    assert await Fetcher(LOOPBACK, Limits(redirects=2)).fetch(url, "p") == Fetched(b"x", "image/png")
    with pytest.raises(RequestError, match="more than 1 times"):
        await Fetcher(LOOPBACK, Limits(redirects=1)).fetch(url, "p")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_huge_body_is_cut_off(serve: Any, chunked: bool) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if not chunked:
            response.content_length = 1 << 40
        await response.prepare(request)
        while sent < 1 << 30:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    port = await serve({"/a": endless})
    with pytest.raises(RequestError, match="more than 100000 bytes"):
        await Fetcher(LOOPBACK, Limits(max_bytes=100_000)).fetch(f"http://127.0.0.1:{port}/a", "p")
    assert sent < 1 << 26


async def test_a_slow_body_runs_into_the_time_limit(serve: Any) -> None:
    asked = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        asked.set()
        await asyncio.Event().wait()
        return response

    port = await serve({"/a": slow})
    with pytest.raises(RequestError, match=r"longer than 0\.2 seconds"):
        await Fetcher(LOOPBACK, Limits(seconds=0.2)).fetch(f"http://127.0.0.1:{port}/a", "p")
    assert asked.is_set()


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (body(b"", status=404), "HTTP 404"),
        (body(b"", status=500), "HTTP 500"),
        (body(b"", status=302), "HTTP 302"),
        (body(b"x", headers={"Content-Encoding": "gzip"}), "compressed"),
    ],
)
async def test_failures_of_the_server_are_the_clients_400(serve: Any, handler: Handler, said: str) -> None:
    port = await serve({"/a": handler})
    with pytest.raises(RequestError, match=said) as caught:
        await Fetcher(LOOPBACK).fetch(f"http://127.0.0.1:{port}/a", "p")
    assert (caught.value.status, caught.value.param) == (400, "p")


async def test_nothing_of_ours_is_sent(serve: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    seen: list[Any] = []
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def first(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.copy())
        return web.Response(status=302, headers={"Location": "/b", "Set-Cookie": "a=b"})

    async def second(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.copy())
        return web.Response(body=b"x")

    port = await serve({"/a": first, "/b": second})
    await Fetcher(LOOPBACK).fetch(f"http://127.0.0.1:{port}/a#fragment", "p")
    assert len(seen) == 2
    for headers in seen:
        assert not {"Authorization", "Cookie", "Proxy-Authorization", "Referer"} & set(headers)


async def test_a_refused_connection_is_a_400() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(RequestError, match="could not be reached"):
            await Fetcher(LOOPBACK).fetch(f"http://127.0.0.1:{free.getsockname()[1]}/", "p")


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "media.example", "*.example", "MEDIA.example."])
async def test_exemptions_by_address_network_host_and_suffix(serve: Any, entry: str) -> None:
    port = await serve({"/a": body(b"x")})
    fetcher = Fetcher(Allowed([entry]), resolver=Resolver("127.0.0.1"))
    assert (await fetcher.fetch(f"http://media.example:{port}/a", "p")).data == b"x"


@pytest.mark.parametrize("entry", ["127.0.0.2", "example", "dia.example", "*.media.example", "::1"])
async def test_other_exemptions_do_not_help(serve: Any, entry: str) -> None:
    port = await serve({"/a": body(b"x")})
    with pytest.raises(RequestError, match="not public"):
        await Fetcher(Allowed([entry]), resolver=Resolver("127.0.0.1")).fetch(f"http://media.example:{port}/a", "p")


@pytest.mark.parametrize("entry", ["http://a.example", "a.example:80", "10.0.0.0/99", ""])
def test_entries_that_mean_nothing_are_refused(entry: str) -> None:
    with pytest.raises(ConfigError, match="fetch_allow"):
        Allowed([entry])


def test_equal_urls_are_one_need() -> None:
    assert FetchURL("http://a.example/", "x").key == FetchURL("http://a.example/", "y").key
    assert FetchURL("http://a.example/", "x") == FetchURL("http://a.example/", "y")


async def test_several_fetches_share_a_budget(serve: Any) -> None:
    port = await serve({"/a": body(b"x" * 600)})
    fetcher = Fetcher(LOOPBACK, budget=Budget(1000))
    assert len((await fetcher.fetch(f"http://127.0.0.1:{port}/a", "p")).data) == 600
    with pytest.raises(RequestError, match="1000 bytes together"):
        await fetcher.fetch(f"http://127.0.0.1:{port}/a", "p")


HOSTS = st.text(max_size=12) | st.sampled_from(
    ["a.example", "127.0.0.1", "[::1]", "0x7f.1", "日本.example", "a_b.example", "-", "..", "%00"]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["http://", "https://", "HTTP://", "http:/", "", "//"]), HOSTS, st.text(max_size=12))
def test_no_url_at_all_is_a_server_error_or_leads_inside(scheme: str, host: str, rest: str) -> None:
    """Every name leads to a private address here, so that nothing may ever come back."""

    async def fetch() -> None:
        with pytest.raises(RequestError):
            await Fetcher(Allowed([]), Limits(seconds=5), Resolver("10.0.0.1")).fetch(f"{scheme}{host}{rest}", "p")

    asyncio.run(fetch())
