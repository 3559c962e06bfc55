#!/usr/bin/python3
"""Hosts behind the server: masquerade, and the baidu.com trouble.

      g1 10.99.0.2 (pptp-linux) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
                └ inside 192.168.10.100 ──── 192.168.10.1 ┘

The site knows no route to 192.168.10.0/24: what it answers, it answers to the server's address.
"""
import re
import sys

import pytest

import lab


def site_ignores_what_it_is_told(town, offload):
    """The site's last hop makes every SYN announce 1460, and it never sees ICMP. It sends 1500 octets, don't-fragment.

    nft only ever lowers an MSS. So it is lowered to 600 first, which mends the checksum, then 1460 is written over it,
    with the difference taken off the urgent pointer, which is 0 in a SYN and means nothing there: the sum stays right.
    """
    town.site.nft("""
        table ip hop {
            chain in {
                type filter hook prerouting priority -310
                icmp type destination-unreachable drop
                tcp flags & (syn | ack) == syn tcp option maxseg size set 600
                tcp flags & (syn | ack) == syn @th,160,32 set 0x020405b4 @th,144,16 set 0xfca3
            }
        }
        """)
    if not offload:
        for namespace, device in ((town.site, "in"), (town.server, "out")):
            namespace.run("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off", "tx", "off")


def full_segments(capture):
    """Packets of the site with 1500 octets that may not be fragmented."""
    from scapy.layers.inet import IP
    return [packet for packet in capture.packets()
            if IP in packet and packet[IP].src == lab.Town.SITE and packet[IP].len >= 1500 and packet[IP].flags.DF]


def test_a_host_behind_the_server_sees_the_servers_address(town, poptun):
    from scapy.layers.inet import IP
    commands = lab.script(lab.ROUTE, lab.PING, lab.UDP, f"iperf3 -c {town.SITE} -t 2 -f m {lab.THERE}",
                          f"iperf3 -c {town.SITE} -t 2 -f m {lab.BACK}", lab.fetch())
    with lab.Server(town.server) as server, lab.Capture(town.site, "in", "ip and not tcp") as capture:
        guest = town.call("-c", commands)
        assert guest.status == 0, guest.output
        assert "udp 512" in guest.output
        assert "fetched 400000" in guest.output
        assert len(re.findall(r"receiver", guest.output)) == 2
        assert server.stop() == 0
    sources = {packet[IP].src for packet in capture.packets()}
    assert sources == {"203.0.113.1", town.SITE}, sources


def test_a_caller_speaks_for_nobody_else(town, poptun):
    """A packet with a source that is not the caller's own does not leave the server."""
    from scapy.layers.inet import IP
    town.site.ip("route add 192.168.0.0/16 via 203.0.113.1")
    commands = (f"{lab.ROUTE}; ip address add 192.168.77.7/32 dev $IFACE; "
                f"ping -n -q -c 3 -i 0.2 -W 1 -I 192.168.77.7 {lab.Town.SITE}; {lab.PING}")
    with lab.Server(town.server, conf=["nat off"]) as server, lab.Capture(town.site, "in", "icmp") as capture:
        guest = town.call("-c", commands)
        assert guest.status == 0, guest.output
        assert "3 packets transmitted, 0 received" in guest.output, guest.output
        assert server.get("/v1/status")["drops"]["ip_source"] >= 3
    sources = {packet[IP].src for packet in capture.packets()}
    assert sources == {re.search(r"ppp0 (\S+) ->", guest.output)[1], town.SITE}, sources


def test_without_nat_the_site_sees_the_callers_address(town, poptun):
    """nat off: no table of ours but that of a ring, and the site's own route leads back."""
    from scapy.layers.inet import IP
    town.site.ip("route add 192.168.10.0/24 via 203.0.113.1")
    with lab.Server(town.server, conf=["nat off"]), lab.Capture(town.site, "in", "icmp") as capture:
        assert "inet" not in town.server.run("nft", "list", "tables")
        guest = town.call("-c", lab.script(lab.ROUTE, lab.PING))
        assert guest.status == 0, guest.output
    assert any(packet[IP].src.startswith("192.168.10.") for packet in capture.packets())


@pytest.mark.parametrize("offload", [False, True], ids=["segment-by-segment", "with-offload"])
@pytest.mark.parametrize("encryption", ["128", "none"])
def test_a_site_that_ignores_mss_and_icmp_is_received_whole(town, poptun, offload, encryption):
    """baidu.com: the client's MRU is 1400, the site sends 1500 octets with don't-fragment for ever."""
    site_ignores_what_it_is_told(town, offload)
    conf = [] if encryption == "128" else ["mppe off"]
    with lab.Server(town.server, conf=conf), lab.Capture(town.server, "out", "tcp src port 80") as capture:
        guest = town.call("-e", encryption, "-x", "mru 1400 mtu 1400", "-c", lab.script(lab.ROUTE, lab.fetch()))
        assert guest.status == 0, guest.output
        assert "fetched 400000" in guest.output, guest.output
    assert len(full_segments(capture)) > 5, "the site was to send full segments, or nothing is shown here"


def test_a_site_that_ignores_mss_and_icmp_is_lost_where_fragments_are_forbidden(town, poptun):
    """The same with rule 3 switched off: the transfer stands still, and the server says why."""
    site_ignores_what_it_is_told(town, False)
    with lab.Server(town.server, conf=["fragment-dont-fragment no"]) as server:
        guest = town.call("-x", "mru 1400 mtu 1400", "-c", lab.script(lab.ROUTE, lab.fetch(6)))
        fetched = int(re.search(r"fetched (\d+)", guest.output)[1])
        assert fetched < 400000, "it came all the same: the switch does nothing, or the test shows nothing"
        server.await_log("ip_too_big")
        assert re.search(r'ip_too_big\S* [1-9]', server.get("/metrics")), server.get("/metrics")


def test_mss_is_clamped_both_ways(town, poptun):
    """A well-behaved site gets a SYN that fits the client's link, and so does the client."""
    from scapy.layers.inet import TCP
    with lab.Server(town.server), lab.Capture(town.site, "in", "tcp port 80") as capture:
        guest = town.call("-x", "mru 1300 mtu 1300", "-c", lab.script(lab.ROUTE, lab.fetch()))
        assert guest.status == 0 and "fetched 400000" in guest.output, guest.output
    announced = [dict(packet[TCP].options)["MSS"] for packet in capture.packets()
                 if TCP in packet and packet[TCP].flags.S and packet[TCP].dport == 80]
    assert announced and all(mss <= 1260 for mss in announced), announced


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
