#!/usr/bin/python3
"""GRE past the host's IP: by a ring and a packet socket, with a real client, and what makes the server leave that.

      g1 10.99.0.2 (Debian's pppd, or the kernel's pptp.ko) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import re
import signal
import sys

import pytest

import lab

BOTH = "packet in=ring out=packet"
FOREIGN = """
table inet admin {
	chain in { type filter hook input priority 0; meta l4proto 47 ip saddr 192.0.2.7 drop; }
	chain out { type filter hook output priority 0; meta l4proto 47 ip daddr 192.0.2.7 drop; }
}"""


def ways(server):
    return server.get("/v1/status")["gre_io"]


def await_ways(server, what):
    lab.until(lambda: re.search(what, ways(server)), 20, lambda: f"{what}, but it says {ways(server)}\n{server.log}")


def calls(server, seconds=2):
    """The system calls that carry GRE, as text."""
    with lab.Process("strace", "-f", "-qq", "-v", "-e", "trace=recvmmsg,sendmmsg", "-e", "signal=none", "-s", "0", "-p",
                     server.process.child.pid) as strace:
        try:
            strace.await_line("no such line", seconds)
        except TimeoutError:
            pass
        strace.stop()
        return strace.output


def loses_nothing(guest):
    return re.search(r"(\d+) packets transmitted, \1 received", guest.output)


def test_a_full_socket_is_no_missing_protocol(town, poptun):
    """While nobody reads and the socket is full, the kernel would tell callers that nobody here speaks protocol 47."""
    town.server.ip("link add thief type veth peer name wire netns " + town.site.name)
    town.server.ip("link set thief master lab0 up")
    town.site.ip("link set wire up")
    town.site.ip("address add 10.99.0.66/24 dev wire")
    flood = ("import os,socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47); s.connect(('10.99.0.1', 0))\n"
             "for i in range(20000): s.send(bytes.fromhex('3081880b0010ffff00000000') + bytes(1200))")
    with lab.Server(town.server, ["gre-io raw", "workers 1"]) as server:
        child = server.process.child
        with lab.Capture(town.site, "wire", "icmp and icmp[0] == 3") as heard:
            child.send_signal(signal.SIGSTOP)
            try:
                town.site.run(lab.PYTHON, "-c", flood)
                town.site.run("ping", "-n", "-q", "-c", "1", "-W", "15", "10.99.0.1")  # what was sent before is there
            finally:
                child.send_signal(signal.SIGCONT)
            assert not heard.packets(), heard.packets()[0].show(dump=True)
        assert server.stop() == 0


@pytest.mark.parametrize("dial", [("-q",), ("-k", "-q")], ids=["pptp-linux", "pptp.ko"])
def test_a_real_client_is_served_by_ring_and_packet_socket(town, poptun, dial):
    with lab.Server(town.server) as server:
        assert ways(server) == BOTH
        assert re.search(r"^gre-io +packet in=ring out=packet$", town.server.run(poptun, "status", "--socket", server.socket),
                         re.M)
        guest = town.dial(*dial, "-c", lab.script(
            lab.ROUTE, "ping -c 20 -i 0.05 192.168.10.1", "echo all is well", f"iperf3 -c {town.SITE} -t 4 -f m {lab.THERE}",
            f"iperf3 -c {town.SITE} -t 4 -f m {lab.BACK}"))
        guest.await_line("all is well", 60)
        assert loses_nothing(guest), guest.output
        seen = calls(server)
        guest.wait()
        assert guest.status == 0, guest.output
        assert seen.count("sa_family=AF_PACKET") > 20 * max(1, seen.count("sa_family=AF_INET")), seen[-2000:]
        assert not re.search(r"recvmmsg\(.*\) = [1-9]", seen), seen[-2000:]
        assert server.stop() == 0
        assert "poptun" not in town.server.run("nft", "list", "tables")


def test_a_call_goes_on_while_the_ways_change(town, poptun):
    with lab.Server(town.server) as server:
        guest = town.dial("-q", "-c", lab.script(lab.ROUTE, "echo all is well", "ping -c 300 -i 0.1 192.168.10.1"))
        guest.await_line("all is well", 60)
        for _ in range(2):
            town.server.nft(FOREIGN)
            await_ways(server, r"^raw: foreign rule: chain in of inet admin \(nft\) concerns GRE$")
            town.server.nft("delete table inet admin")
            await_ways(server, f"^{BOTH}$")
        guest.wait()
        assert guest.status == 0 and loses_nothing(guest), guest.output
        assert server.stop() == 0


def test_gre_io_raw_forbids_the_faster_ways(town, poptun):
    with lab.Server(town.server, conf=["gre-io raw"]) as server:
        assert ways(server) == "raw: gre-io raw is configured"
        assert "netdev" not in town.server.run("nft", "list", "tables")
        guest = town.dial("-q", "-c", lab.script(lab.ROUTE, "ping -c 3 192.168.10.1"))
        guest.wait()
        assert guest.status == 0, guest.output


def test_who_forces_the_faster_ways_and_has_them_not_is_warned(town, poptun):
    town.server.nft(FOREIGN)
    with lab.Server(town.server, conf=["gre-io packet"]) as server:
        assert ways(server) == BOTH
        assert server.get("/v1/status")["warnings"] == []
        assert server.stop() == 0
    town.server.ip("xfrm policy add src 10.99.0.1 dst 10.99.0.77 dir out tmpl proto esp mode transport")
    with lab.Server(town.server, conf=["gre-io packet"]) as server:
        warning = "gre-io packet is configured, but cannot be had: raw: this host has IPsec policies"
        assert server.get("/v1/status")["warnings"] == [warning]
        assert re.search(f"^warning +{warning}$", server.command("status"), re.M)
        assert re.search(f"^warning: {warning}$", server.log, re.M)
        assert server.stop() == 0


def test_a_killed_server_leaves_no_rule_that_drops_gre(town, poptun):
    with lab.Server(town.server) as server:
        assert "netdev poptun_taken" in town.server.run("nft", "list", "tables")
        server.stop(signal.SIGKILL)
        lab.until(lambda: "netdev" not in town.server.run("nft", "list", "tables"), 5, lambda: "the rule to be gone")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
