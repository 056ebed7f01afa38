"""Which network addresses a request may make the adapter connect to: public ones, and what the operator exempts.

Sources: IANA special-purpose address registries (through `ipaddress`); RFC 6052 (NAT64), RFC 3056 and 7526 (6to4),
RFC 4380 (Teredo), RFC 5214 (ISATAP), RFC 4291 (IPv4-compatible addresses).
"""

import ipaddress
from collections.abc import Iterable

from bedrock_adapter.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Not every Python counts these as special: protocol assignments (Oracle's metadata service), the 6to4 relays, Azure's wire
# server.
_MORE = tuple(ipaddress.IPv4Network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def is_public(address: Address) -> bool:
    """Whether an address, and every IPv4 address embedded in it, belongs to the public internet."""
    refused = (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )
    if isinstance(address, ipaddress.IPv4Address):
        return not refused and not any(address in network for network in _MORE)
    embedded = list(_embedded(address))
    if address.ipv4_mapped is not None or address in _NAT64:
        # Only another spelling of the IPv4 address: what the registry says of the IPv6 form does not matter.
        return all(is_public(each) for each in embedded)
    # 6to4 has no relays since RFC 7526, and newer Pythons do not call it global: refused by all of them alike.
    unusable = address.is_site_local or address in _LOCAL_NAT64 or address in _IPV4_COMPATIBLE or address.sixtofour
    return not refused and not unusable and all(is_public(each) for each in embedded)


def _embedded(address: ipaddress.IPv6Address) -> Iterable[ipaddress.IPv4Address]:
    low = int(address) & 0xFFFFFFFF
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        yield ipaddress.IPv4Address(low)
    if address.teredo is not None:
        yield from address.teredo


class Allowed:
    """What the setting `fetch_allow` exempts from the rule.

    Args:
        entries: addresses (`10.0.0.7`), networks (`10.1.0.0/16`), host names (`media.internal`) or host suffixes
            (`*.media.internal`).

    Raises:
        ConfigError: an entry is none of these.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        self._suffixes: list[str] = []
        for entry in entries:
            self._add(entry.strip().lower().rstrip("."))

    def _add(self, entry: str) -> None:
        text = entry.strip("[]")
        try:
            self._networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            if not text or any(character in text for character in "/:@ ?#"):
                raise ConfigError(
                    f"fetch_allow: {entry!r} is no address, network or host name (without scheme and port)",
                    param="fetch_allow",
                ) from None
            if text.startswith("*."):
                self._suffixes.append(text[1:])
            else:
                self._hosts.add(text)

    def host(self, name: str) -> bool:
        """Whether a host name is exempt, whatever it resolves to."""
        name = name.lower().rstrip(".")
        return name in self._hosts or any(name.endswith(suffix) for suffix in self._suffixes)

    def address(self, address: Address) -> bool:
        """Whether an address is exempt; the IPv4 form of a mapped one counts too."""
        forms: list[Address] = [address]
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            forms.append(address.ipv4_mapped)
        return any(form in network for form in forms for network in self._networks if form.version == network.version)
