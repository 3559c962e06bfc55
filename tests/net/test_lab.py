#!/usr/bin/python3
"""The measure measured: Debian's own client and server, in the same town that ours are tested in.

      g1 10.99.0.2 (pptp-linux) ─ lab0 ─ server 10.99.0.1 (pptpd, in a guest)

Where one of these fails, the lab is broken, not poptun.
"""
import sys

import pytest

import lab


@pytest.fixture
def street(images):
    """A bridge for two guests, and nothing else."""
    with lab.Namespace("street") as street:
        street.ip("link add lab0 type bridge")
        street.ip("link set lab0 up")
        yield street


def test_debian_calls_debian(street):
    with lab.DebianServer(street), \
            lab.Capture(street, "lab0", "proto gre") as capture, \
            lab.Guest(street, "/lab/pptp-client", "-e", "128", "10.99.0.1", address="10.99.0.2/24") as guest:
        guest.wait()
        assert guest.status == 0, guest.output
        assert " 0% packet loss" in guest.output
    assert len(capture.packets()) > 20


def test_a_guests_exit_status_is_its_commands(street):
    with lab.Guest(street, "sh", "-c", "echo hello; exit 7", address="10.99.0.2/24") as guest:
        guest.wait()
        assert guest.status == 7, guest.output
        assert "hello" in guest.output


def test_a_guest_is_ended_at_its_time_limit(street):
    with lab.Guest(street, "sleep", "60", address="10.99.0.2/24", seconds=6) as guest:
        guest.wait()
        assert guest.status == 124, guest.output
    assert not street.run("ip", "-o", "link", "show", "type", "tun").strip(), "its TAP is still there"


def plain_router(town):
    """No tunnel: the server's namespace routes and masquerades by itself, so only the town is measured."""
    town.server.sysctl("net.ipv4.ip_forward", 1)
    for command in ("add table ip t", "add chain ip t c { type nat hook postrouting priority 100; }",
                    "add rule ip t c oifname out masquerade"):
        town.server.run("nft", command)


def test_the_towns_site_answers_pings_udp_tcp_and_iperf(town):
    plain_router(town)
    guest = town.guest("bash", "-c", lab.script(
        "export IFACE=vec0", lab.ROUTE.replace("dev", "via 10.99.0.1 dev"), lab.PING, lab.UDP, lab.fetch(),
        f"iperf3 -c {town.SITE} -t 1 -f m")).wait()
    assert guest.status == 0, guest.output
    assert " 0% packet loss" in guest.output and "udp 512" in guest.output and "fetched 400000" in guest.output


def test_a_stubborn_site_sends_full_segments_and_nobody_gets_them(town):
    """The baidu.com site of test_behind.py, before a router whose next hop takes 1400 octets: it does stand still."""
    from test_behind import full_segments, site_ignores_what_it_is_told
    site_ignores_what_it_is_told(town, False)
    plain_router(town)
    town.server.ip("link set lab0 mtu 1400")
    with lab.Capture(town.server, "out", "tcp src port 80") as capture:
        guest = town.guest("bash", "-c", lab.script(
            "export IFACE=vec0", "ip link set vec0 mtu 1400", lab.ROUTE.replace("dev", "via 10.99.0.1 dev"),
            lab.fetch(4))).wait()
    assert "fetched 0" in guest.output, guest.output
    assert len(full_segments(capture)) > 3


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
