#!/usr/bin/python3
"""What the server does to the machine, and undoes.

      g1 10.99.0.2 (pptp-linux) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import os
import re
import shutil
import signal
import sys

import pytest

import lab


def test_stop_undoes_everything(town, poptun):
    before = town.server.state()
    with lab.Server(town.server) as server:
        during = town.server.state()
        assert "pptp0" in during and "192.168.10.1" in during and "table inet poptun" in during
        assert town.server.sysctl("net.ipv4.ip_forward") == "1"
        assert server.stop() == 0, server.log
    assert town.server.state() == before


def test_after_kill_9_a_new_start_doubles_nothing_and_its_stop_undoes_all(town, poptun):
    before = town.server.state()
    with lab.Server(town.server) as server:
        during = town.server.state()
        server.stop(signal.SIGKILL)
        server.start()
        assert town.server.state() == during
        guest = town.call("-c", lab.script(lab.ROUTE, lab.PING))
        assert guest.status == 0, guest.output
        assert server.stop() == 0, server.log
    assert town.server.state() == before


def test_another_table_is_left_alone(town, poptun):
    for command in ("add table inet mine", "add chain inet mine c { type filter hook input priority 0; }",
                    "add rule inet mine c tcp dport 9 drop"):
        town.server.run("nft", command)
    mine = town.server.run("nft", "-s", "list", "table", "inet", "mine")
    with lab.Server(town.server) as server:
        assert town.server.run("nft", "-s", "list", "table", "inet", "mine") == mine
        assert server.stop() == 0
    assert town.server.run("nft", "-s", "list", "ruleset") == mine


def test_forwarding_that_was_on_stays_on(town, poptun):
    town.server.sysctl("net.ipv4.ip_forward", 1)
    with lab.Server(town.server) as server:
        assert server.stop() == 0
    assert town.server.sysctl("net.ipv4.ip_forward") == "1"


def test_forwarding_that_was_off_is_off_again_where_nobody_else_forwards(images, poptun):
    """Also after kill -9: the run directory remembers. In the town it stays on, because of the bridge."""
    with lab.Namespace("plain") as plain, lab.Server(plain) as server:
        assert plain.sysctl("net.ipv4.ip_forward") == "1"
        server.stop(signal.SIGKILL)
        server.start()
        assert server.stop() == 0
        assert plain.sysctl("net.ipv4.ip_forward") == "0"


def test_two_servers_in_one_namespace_do_not_disturb_each_other(town, poptun):
    before = town.server.state()
    town.server.ip("address add 10.99.0.200/24 dev lab0")
    with lab.Server(town.server, conf=["listen 10.99.0.1"]) as one, \
            lab.Server(town.server, conf=["listen 10.99.0.200"], interface="pptp1", pool="192.168.20") as two:
        proof = lab.script(lab.ROUTE, lab.PING)
        first, second = town.dial("-c", proof), town.dial("-c", proof, number=2, server="10.99.0.200")
        for guest, pool in ((first, 10), (second, 20)):
            guest.wait()
            assert guest.status == 0, guest.output
            assert re.search(rf"ppp0 192\.168\.{pool}\.\d+ -> 192\.168\.{pool}\.1 ", guest.output), guest.output
        assert two.stop() == 0, two.log
        tables = town.server.run("nft", "list", "tables")
        assert "inet poptun\n" in tables and "poptun_pptp1" not in tables
        again = town.call("-c", proof)
        assert again.status == 0, again.output
        assert one.stop() == 0, one.log
    town.server.ip("address delete 10.99.0.200/24 dev lab0")
    assert town.server.state() == before


def test_proxyarp_a_host_in_the_local_network_finds_the_client(town, poptun):
    """Pool and local network are one, and nobody's address is rewritten on the way between both.

          g1 10.99.0.2 ─ lab0 10.99.0.1 poptun serve ┆ shop 192.168.10.1/24 ─ till 192.168.10.50 (another namespace)
                └ inside 192.168.10.100 ──── 192.168.10.1
    """
    from scapy.layers.inet import IP
    with lab.Namespace("till") as till:
        lab.cable(town.server, "shop", till, "till")
        town.server.ip("address add 192.168.10.1/24 dev shop")
        till.ip("address add 192.168.10.50/24 dev till")
        before = town.server.state()
        with lab.Server(town.server, options=["proxyarp"]) as server:
            with lab.Capture(till, "till", "icmp") as capture:
                guest = town.dial("-c", "ip route add 192.168.10.0/24 dev $IFACE; ping -n -q -c 5 -i 0.2 192.168.10.50; "
                                  "sleep 60")
                guest.await_line(r"(?s)192\.168\.10\.50 ping statistics.*? 0% packet loss", 60)
                assert " 0% packet loss" in till.run("ping", "-n", "-q", "-c", "5", "-i", "0.2", "192.168.10.100")
            assert {packet[IP].src for packet in capture.packets()} == {"192.168.10.50", "192.168.10.100"}
            assert "192.168.10.100" in town.server.ip("neighbour show proxy")
            guest.stop()
            server.command("disconnect", "testvpn1")
            lab.until(lambda: "192.168.10.100" not in town.server.ip("neighbour show proxy"), 10, "no proxy neighbour left")
            assert server.stop() == 0, server.log
        assert town.server.state() == before


def test_a_caller_of_the_hosts_other_address_is_answered_from_there(town, poptun):
    """pptp hears GRE from the address that it dialled alone."""
    town.server.ip("address add 10.99.0.200/24 dev lab0")
    with lab.Server(town.server):
        guest = town.call(server="10.99.0.200")
        assert guest.status == 0, guest.output


def test_a_stop_tells_the_caller_and_leaves_nothing(town, poptun):
    before = town.server.state()
    with lab.Server(town.server) as server:
        guest = town.dial("-c", "sleep 60")
        guest.await_line(r"(?s)(packet loss.*){2}", 60)
        assert server.stop() == 0, server.log
        assert re.search(r"^session=\d+ .*ended .*octets_in=\d{4,} ", server.log, re.M), server.log
    guest.stop()
    assert town.server.state().replace("g1", "") == before


def test_called_as_pptpd_it_takes_pptpds_command_line(town, poptun, tmp_path):
    """In the background, ready when the starter returns, with its number in the file that -p names."""
    (tmp_path / "pptpd").symlink_to(poptun)
    server = lab.Server(town.server)
    pid_file = tmp_path / "pid"
    try:
        town.server.run(tmp_path / "pptpd", "-c", server.config, "-l", lab.Town.SERVER, "-p", pid_file)
        pid = int(pid_file.read_text())
        try:
            assert server.get("/v1/status")["pid"] == pid
            guest = town.call()
            assert guest.status == 0, guest.output
        finally:
            os.kill(pid, signal.SIGTERM)
        lab.until(lambda: not pid_file.exists() and not os.path.exists(f"/proc/{pid}"), 10, "its end")
        assert "pptp0" not in town.server.state()
    finally:
        shutil.rmtree(server.directory)


# As docker makes it, by the nft-backed iptables and by the legacy one.
FORWARD_DROPS = {
    "iptables-nft": ["iptables-nft", "-P", "FORWARD", "DROP"],
    "iptables-legacy": ["iptables-legacy", "-P", "FORWARD", "DROP"],
    "nft": ["nft", "add table inet wall; add chain inet wall pass { type filter hook forward priority 0; policy drop; }"],
}


@pytest.mark.parametrize("kind", FORWARD_DROPS)
def test_a_foreign_forward_drop_is_named_and_its_remedy_works(town, poptun, kind):
    """An accept of ours does not overrule somebody else's drop: it is named at start and by check, with the remedy."""
    town.server.run(*FORWARD_DROPS[kind])
    name = "pass" if kind == "nft" else "FORWARD"
    with lab.Server(town.server) as server:
        server.await_log(rf"{name}.*")
        blocked = town.call("-c", f"{lab.ROUTE}; {lab.PING}")
        assert "100% packet loss" in blocked.output, blocked.output
        found = server.command("check", check=False)
        assert name in found, found
        fixed = server.command("check", "--fix", check=False)
        passed = town.call("-c", lab.script(lab.ROUTE, lab.PING))
        assert passed.status == 0, f"{fixed}\n{passed.output}"
        assert " 0% packet loss" in passed.output.split("link 1")[1], passed.output


def test_the_remedy_that_check_prints_works_as_printed(town, poptun):
    town.server.run(*FORWARD_DROPS["nft"])
    with lab.Server(town.server) as server:
        found = server.command("check", check=False)
        commands = re.findall(r"\b((?:nft|iptables(?:-legacy|-nft)?) (?:add|insert|-I|-A)\b[^\n]*)", found)
        assert commands, found
        for command in commands:
            town.server.run("sh", "-c", command)
        guest = town.call("-c", lab.script(lab.ROUTE, lab.PING))
        assert guest.status == 0, f"{found}\n{guest.output}"


LISTEN = "import socket, time; s = socket.create_server(('10.99.0.1', 1723)); print('ready', flush=True); time.sleep(60)"


def test_a_port_that_is_taken_is_one_sentence_and_status_1(town, poptun):
    """And nothing of half a server is left."""
    with town.server.spawn(lab.PYTHON, "-c", LISTEN) as other:
        other.await_line("ready")
        before = town.server.state()
        with pytest.raises(RuntimeError, match="ended with status 1") as refusal:
            with lab.Server(town.server):
                pass
        assert "1723" in str(refusal.value)
    assert town.server.state() == before


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
