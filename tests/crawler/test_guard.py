"""The crawler stays out of private networks, whatever a page links, redirects or resolves to."""

# ruff: noqa: S104, S603 - addresses are what is tested; the script run is ours
import ipaddress
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crawler.guard import PrivateAddressError, can_connect, check_resolved, load_stop_list, refusal


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "::1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "fe80::1", "fd00:ec2::254", "ff02::1", "::", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::a00:1", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "64:ff9b:1::a00:1", "fec0::1",
    ],
)  # fmt: skip
def test_private_special_and_disguised_addresses_are_refused(address: str) -> None:
    assert not can_connect(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert can_connect(ipaddress.ip_address(address))


def test_the_allowance_for_tests_covers_loopback_and_nothing_else() -> None:
    assert can_connect(ipaddress.ip_address("127.0.0.1"), allow_loopback=True)
    assert can_connect(ipaddress.ip_address("::1"), allow_loopback=True)
    assert can_connect(ipaddress.ip_address("::ffff:127.0.0.1"), allow_loopback=True)
    assert not can_connect(ipaddress.ip_address("10.0.0.1"), allow_loopback=True)
    assert not can_connect(ipaddress.ip_address("169.254.169.254"), allow_loopback=True)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://jobs.example.com/a", None),
        ("https://jobs.example.com:8443/a", None),
        ("http://127.0.0.1/a", "private address"),
        ("http://[::1]:80/", "private address"),
        ("http://169.254.169.254/latest/", "private address"),
        ("http://localhost/", "private address"),
        ("http://LOCALHOST./", "private address"),
        ("http://printer.local/", "private address"),
        ("http://metadata.google.internal/", "private address"),
        ("https://jobs.example.com:22/", "unusual port"),
        ("http://jobs.example.com:6379/", "unusual port"),
        ("file:///etc/passwd", "not a web address"),
        ("gopher://jobs.example.com/", "not a web address"),
        ("http:///nothing", "not a web address"),
        ("https://user:pw@jobs.example.com/", "address with a user name"),
        ("http://[broken/", "malformed address"),
        ("http://jobs.example.com:99999/", "malformed address"),
    ],
)
def test_an_address_is_refused_with_its_reason_before_anything_is_sent(url: str, reason: str | None) -> None:
    assert refusal(url, allow_loopback=False) == reason


def test_a_host_on_the_stop_list_is_never_fetched_nor_are_its_subdomains(tmp_path: Path) -> None:
    path = tmp_path / "stop.txt"
    path.write_text("# asked by mail\nPlease-Not.example.org  # on Monday\n\n")
    stopped = load_stop_list(path)

    assert stopped == {"please-not.example.org"}
    assert (
        refusal("https://please-not.example.org/x", allow_loopback=False, stopped=stopped)
        == "host on the stop list"
    )
    assert (
        refusal("https://www.please-not.example.org/x", allow_loopback=False, stopped=stopped)
        == "host on the stop list"
    )
    assert refusal("https://notplease-not.example.org/x", allow_loopback=False, stopped=stopped) is None


RESOLVES_TO_THIS_MACHINE = """
import socket, sys
import crawler.guard
from lurewatch import main
crawler.guard.PORTS = frozenset({int(sys.argv.pop(1))})
socket.gethostbyname = lambda name: "127.0.0.1"
main()
"""


def test_a_public_name_that_resolves_to_this_machine_is_never_connected_to(
    site: Any, make_source: Any, tmp_path: Path
) -> None:
    host = site(lambda asked: asked.reply("secret"))
    port = host.url.rpartition(":")[2]
    source = make_source(base_url=f"http://rebind.example.com:{port}", start=["/"])
    arguments = [port, "crawl", str(source), "--contact", "us@example.org", "-o", str(tmp_path / "out")]

    subprocess.run(
        [sys.executable, "-c", RESOLVES_TO_THIS_MACHINE, *arguments], check=False, capture_output=True
    )

    assert host.log == []
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["sources"]["test-site"]["faults"] == {"robots.txt out of reach": 1}


@pytest.mark.parametrize("answer", ["10.0.0.7", "127.0.0.1", "169.254.169.254"])
def test_a_name_that_resolves_to_a_private_address_fails_where_the_connection_is_made(answer: str) -> None:
    """The check is on the very answer the connection uses, so a second, different answer cannot slip in."""
    with pytest.raises(PrivateAddressError, match=r"rebind\.example\.com leads to a private address"):
        check_resolved("rebind.example.com", answer, allow_loopback=False)
    assert check_resolved("good.example.com", "93.184.215.14", allow_loopback=False) == "93.184.215.14"
