#!/usr/bin/python3
"""DSCP and ECN between the packets inside and those that carry them, with a router on the way that marks.

      caller 10.99.0.2 (poptun connect) ─ near 10.99.0.1 router 10.98.0.1 far ─ wire 10.98.0.2 (poptun serve)
      g1 10.99.0.2 (Debian's pppd) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import contextlib
import re
import sys

import pytest

import lab

SERVER, INNER = "10.98.0.2", "192.168.10.1"
NOT_ECT, ECT_1, ECT_0, CE = range(4)
EF = 0xb8
LENGTH = 400  # of the datagrams: nothing else in a tunnel is as long

TAKE = r"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
s.bind(("", 4000))
print("ready", flush=True)
while True:
    data, control, _, peer = s.recvmsg(2000, 100)
    print("octet", control[0][2][0], flush=True)
"""
GIVE = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(sys.argv[2]))
for _ in range(3):
    s.sendto(bytes(%d), (sys.argv[1], 4000))
""" % LENGTH


def octets(capture):
    """Of the outer headers, where a datagram of the test is inside."""
    from scapy.layers.inet import IP
    return [packet[IP].tos for packet in capture.packets() if LENGTH < packet[IP].len < LENGTH + 100]


class Way:
    """A caller, a router, and a namespace for a server."""

    def __init__(self, stack):
        self.caller, self.router, self.server = (
            stack.enter_context(lab.Namespace(label)) for label in ("caller", "router", "server"))
        lab.cable(self.router, "near", self.caller, "wire")
        lab.cable(self.router, "far", self.server, "wire")
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.router.ip("address add 10.99.0.1/24 dev near")
        self.router.ip("address add 10.98.0.1/24 dev far")
        self.caller.ip("address add 10.99.0.2/24 dev wire")
        self.caller.ip("route add default via 10.99.0.1")
        self.server.ip("address add 10.98.0.2/24 dev wire")
        self.server.ip("route add default via 10.98.0.1")
        self.stack = stack

    def call(self, *options):
        call = self.dialled = self.stack.enter_context(self.caller.spawn(
            "env", "POPTUN_PASSWORD=test123", lab.POPTUN, "connect", SERVER, "--user", "testvpn1", "--secrets",
            "/nonexistent", "--ip-up", "/nonexistent", "--ip-down", "/nonexistent", *options))
        call.await_line(r"^up ")
        address = re.search(r"^address +(192\.168\.10\.\d+),", call.output, re.M)[1]
        return address

    def hang_up(self):
        assert self.dialled.stop() == 5, self.dialled.output

    def congest(self, rule="ip ecn set ce"):
        self.router.nft("flush ruleset\ntable ip way {\nchain forward {\ntype filter hook forward priority 0;\n"
                        f"ip protocol 47 {rule}\n}}\n}}")

    def carry(self, giver, taker, address, octet):
        """Three datagrams with this octet. Returns the octets outside, at the router, and those that arrived."""
        with lab.Capture(self.router, "near", "proto 47") as capture, \
                taker.spawn(lab.PYTHON, "-c", TAKE) as take:
            take.await_line("ready")
            giver.run(lab.PYTHON, "-c", GIVE, address, octet)
            with contextlib.suppress(TimeoutError):
                lab.until(lambda: take.output.count("octet") == 3, 1, "three datagrams")
            arrived = [int(line.split()[1]) for line in take.output.splitlines() if "octet" in line]
        outside = octets(capture)
        assert len(outside) == 3
        return set(outside), arrived


@pytest.fixture
def way():
    with contextlib.ExitStack() as stack:
        yield Way(stack)


def test_between_two_of_ours_marks_are_shown_and_carried_both_ways(way, poptun):
    with lab.Server(way.server) as server:
        address = way.call()
        session = server.sessions()[0]["id"]
        assert server.get(f"/v1/sessions/{session}")["gre"]["ecn"] is True
        ways = ((way.caller, way.server, INNER), (way.server, way.caller, address))
        for one in ways:
            for ecn in (NOT_ECT, ECT_0, ECT_1, CE):
                assert way.carry(*one, EF | ecn) == ({ecn}, [EF | ecn] * 3)
        way.congest("ip ecn != not-ect ip ecn set ce")
        for octet, arrives in ((EF, EF), (EF | ECT_0, EF | CE), (ECT_1, CE), (CE, CE)):
            assert way.carry(*ways[0], octet)[1] == [arrives] * 3
        assert way.carry(*ways[1], EF | ECT_0) == ({CE}, [EF | CE] * 3)  # seen behind the router
        assert server.get("/v1/status")["drops"].get("ip_congested", 0) == 0


def test_a_mark_that_its_sender_would_not_understand_is_a_loss(way, poptun):
    with lab.Server(way.server) as server:
        way.call()
        way.congest()
        assert way.carry(way.caller, way.server, INNER, EF)[1] == []
        assert server.get("/v1/status")["drops"]["ip_congested"] == 3
        way.congest("accept")
        assert way.carry(way.caller, way.server, INNER, EF)[1] == [EF] * 3


def test_tcp_slows_down_for_marks_and_loses_nothing(way, poptun):
    """One packet in fifty meets congestion; TCP hears of it and sends nothing twice for it."""
    with lab.Server(way.server):
        way.call()
        for namespace in (way.caller, way.server):
            namespace.sysctl("net.ipv4.tcp_ecn", 1)
        way.congest("ip ecn != not-ect numgen random mod 50 0 ip ecn set ce")
        way.stack.enter_context(way.server.spawn("iperf3", "-s", "--forceflush")).await_line("listening")
        said = way.caller.run("iperf3", "-c", INNER, "-n", "20M", "-f", "m")
        counters = way.caller.run("nstat", "-asz")
        marked = int(re.search(r"TcpExtTCPDeliveredCE +(\d+)", counters)[1])
        assert marked > 50, counters
        again = int(re.search(r" (\d+) +sender", said)[1])
        assert again < marked / 10, said


@pytest.mark.parametrize("tos, octet, outside", [
    ("0x28", EF | ECT_0, 0x28 | ECT_0),
    ("copy", EF | ECT_0, EF | ECT_0),
    ("copy", 0, 0),
])
def test_dscp_is_set_or_copied(way, poptun, tos, octet, outside):
    with lab.Server(way.server, conf=[f"tos {tos}"]):
        address = way.call("--tos", tos)
        assert way.carry(way.server, way.caller, address, octet) == ({outside}, [octet] * 3)
        assert way.carry(way.caller, way.server, INNER, octet) == ({outside}, [octet] * 3)


def test_after_a_reload_a_new_call_has_the_new_dscp(way, poptun):
    with lab.Server(way.server) as server:
        address = way.call()
        server.config.write_text(server.config.read_text() + "tos 0x28\n")
        server.command("reload")
        assert way.carry(way.server, way.caller, address, EF) == ({0}, [EF] * 3)
        way.hang_up()
        assert way.carry(way.server, way.caller, way.call(), EF) == ({0x28}, [EF] * 3)


def test_ecn_off_shows_nothing_and_carries_all_the_same(way, poptun):
    with lab.Server(way.server, conf=["ecn off"]):
        address = way.call("--ecn", "off")
        assert way.carry(way.server, way.caller, address, EF | ECT_0) == ({0}, [EF | ECT_0] * 3)
        assert way.carry(way.caller, way.server, INNER, EF | ECT_0) == ({0}, [EF | ECT_0] * 3)
        way.congest()
        assert way.carry(way.caller, way.server, INNER, EF | ECT_0)[1] == [EF | CE] * 3


@pytest.mark.parametrize("conf, outside", [((), 0), (("ecn on",), ECT_0), (("tos copy",), EF)])
def test_pppd_which_loses_marks_gets_none(town, poptun, conf, outside):
    """An echo has its request's octet."""
    with lab.Server(town.server, conf=conf):
        guest = town.dial("-k", "-q", "-c", lab.script(
            lab.ROUTE, f"ping -n -q -c 3 -i 0.2 -W 2 -Q {EF | ECT_0} -s {LENGTH} {town.SITE}"))
        with town.hear(f"proto 47 and src {town.SERVER}") as capture:
            guest.wait()
        assert guest.status == 0, guest.output
        assert " 0% packet loss" in guest.output
    assert octets(capture) == [outside] * 3


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
