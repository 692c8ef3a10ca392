"""Whether an internet address lies in the public internet.

The crawler and the webhooks both connect to addresses that strangers name; what they refuse beyond
this is their own. It stands here because this package is the one that both may import.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")
"""Private until 2004 and still so on old networks; `is_global` takes it for public."""


def is_public(address: Address) -> bool:
    """Tell whether an address lies in the public internet; IPv6 wrappings of IPv4 are looked into."""
    end = unwrapped(address)
    return end.is_global and not (end.is_multicast or end.is_reserved or end in _SITE_LOCAL)


def unwrapped(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 address leads to, for the ways in which one can; else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address
