#!/usr/bin/python3
"""The commands beside a running server, what curl gets on the control socket, and pptpd's name.

      g1, g2 10.99.0.2, .3 (pptp-linux) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import json
import os
import re
import signal
import sys

import pytest

import lab

# Says when the tunnel works, and when its interface is gone, for which it waits a minute.
WAIT = ("echo online; for i in $(seq 300); do test -e /sys/class/net/$IFACE || break; sleep 0.2; done; "
        "echo gone after $i looks")


def dial(town, number, user):
    guest = town.dial("-u", user, "-p", "test123", "-c", WAIT, number=number)
    guest.await_line("^online", 60)
    return guest


def curl(server, *words):
    return server.namespace.run("curl", "-s", "--unix-socket", server.socket, *words)


def without_clock(sessions):
    """Sessions without what moves on by itself."""
    moving = ("seconds", "octets_in", "octets_out", "packets_in", "packets_out")
    return [{key: value for key, value in row.items() if key not in moving} for row in sessions]


def test_what_the_commands_show_curl_shows_too(town, poptun):
    with lab.Server(town.server) as server:
        dial(town, 1, "testvpn1")
        session, = lab.until(server.sessions, 5, "a session")
        number = session["id"]
        assert session["user"] == "testvpn1" and session["caller"] == "10.99.0.2" and session["called"] == "10.99.0.1"
        assert session["state"] == "up" and session["auth"] == "mschapv2" and session["mppe"] == "128 stateless"

        asked = json.loads(server.command("sessions", "--json"))["sessions"]
        got = json.loads(curl(server, "http://localhost/v1/sessions"))["sessions"]
        assert without_clock(asked) == without_clock(got) == without_clock([session])

        title, row = server.command("sessions").splitlines()
        assert title.split()[:5] == ["ID", "USER", "CALLER", "ADDRESS", "STATE"]
        assert row.split()[:5] == [str(number), "testvpn1", "10.99.0.2", session["address"], "up"]
        assert row.index("testvpn1") == title.index("USER"), "columns are aligned"

        for name in (str(number), "testvpn1", "10.99.0.2", session["address"]):
            shown = server.command("show", name)
            assert re.search(rf"^id +{number}$", shown, re.M), shown
            assert json.loads(curl(server, f"http://localhost/v1/sessions/{name}"))["id"] == number
        assert re.search(r"^peer_mru +\d+$", shown, re.M), shown
        assert re.search(rf"  \d{{4}}-\d\d-\d\dT\S+Z  session={number} .*lcp=", shown), shown
        full = json.loads(server.command("show", str(number), "--json"))
        assert full["dns"] == ["8.8.8.8", "114.114.114.114"]
        assert full["negotiated"]["lcp"]["opened"] and full["negotiated"]["ccp"]["opened"]
        assert full["negotiated"]["ipcp"]["peer"] and full["gre"]["newest_received"] > 0

        status = json.loads(server.command("status", "--json"))
        assert status["pid"] == server.process.child.pid and status["sessions"]["up"] == 1
        assert status["control_connections"] == 1 and status["config"]["localip"] == "192.168.10.1"
        assert status["counters"]["logins_accepted"] == 1 and status["receive_batch_mean"] >= 1
        assert status["super_segments"] == "tcp,udp"
        assert "1 lane" in status["mppe_kernels"] and status["counters"]["keys_ahead"] > 0
        assert re.search(r"^sessions +1 up, ", server.command("status"), re.M)
        assert re.search(r"^mppe +.*1 lane( of words)?; [1-9]\d* keys, \d+ keystreams ahead$", server.command("status"), re.M)

        metrics = curl(server, "http://localhost/metrics")
        assert re.search(r'^poptun_sessions\{state="up"\} 1$', metrics, re.M)
        assert re.search(r"^poptun_receive_packets_total [1-9]", metrics, re.M)


def test_disconnect_ends_whom_it_names_and_nobody_else(town, poptun):
    with lab.Server(town.server) as server:
        one, _ = dial(town, 1, "testvpn1"), dial(town, 2, "testvpn2")
        lab.until(lambda: len(server.sessions()) == 2, 5, "two sessions")
        refused = town.server.command(poptun, "disconnect", "testvpn3", "-c", server.config)
        with pytest.raises(RuntimeError, match="exit status 1\npoptun: no session has .* testvpn3"):
            lab.sh(*refused)
        assert re.fullmatch(r"ended session \d+\n", server.command("disconnect", "testvpn1"))
        one.await_line("^gone after", 20)
        one.await_line(r"pppd-1: LCP terminated by peer.*ended by the administrator", 20)
        lab.until(lambda: [row["user"] for row in server.sessions()] == ["testvpn2"], 10, server.sessions)
        server.await_log(r"user=testvpn1 ended .*ended by the administrator")


def test_a_watch_redraws_until_it_is_stopped(town, poptun):
    with lab.Server(town.server) as server:
        with town.server.spawn(poptun, "sessions", "--watch", "-c", server.config) as watch:
            lab.until(lambda: watch.output.count("CALLER") >= 2, 10, lambda: watch.output)
            assert watch.status is None
            assert "\033" not in watch.output, "plain lines where nobody sees a terminal"


def test_a_reload_takes_the_new_file_and_refuses_a_wrong_one(town, poptun):
    with lab.Server(town.server) as server:
        good = server.config.read_text()
        server.config.write_text(good + "connections 5\n")
        server.command("reload")
        assert server.get("/v1/status")["sessions"]["max"] == 5
        server.config.write_text(good + "connections many\n")
        status, body = server.request("POST", "/v1/reload")
        assert status == 422 and body["error"]
        with pytest.raises(RuntimeError, match="exit status 1"):
            server.command("reload")
        assert server.get("/v1/status")["sessions"]["max"] == 5
        server.await_log(r"pptpd\.conf:\d+: .*connections")


def test_a_new_user_is_known_at_once(town, poptun):
    with lab.Server(town.server) as server:
        password = re.search(r"password: (\S+)", server.command("user", "add", "carl"))[1]
        server.await_log("secrets=read users=9")
        guest = town.call("-u", "carl", "-p", password)
        assert guest.status == 0, guest.output


def test_check_is_content_with_a_running_server_and_finds_what_is_switched_off(town, poptun):
    with lab.Server(town.server) as server:
        content = server.command("check")
        assert "errors 0" in content and f"process {server.process.child.pid}" in content
        town.server.sysctl("net.ipv4.ip_forward", 0)
        found = server.command("check", check=False)
        assert re.search(r"^error +forwarding: .*\n +remedy: (sysctl .*)$", found, re.M), found
        town.server.run("sh", "-c", re.search(r"remedy: (sysctl .*)$", found, re.M)[1])
        assert "errors 0" in server.command("check")


def test_check_without_a_server_tells_who_holds_the_port_and_whose_network_the_pool_is(town, poptun):
    server = lab.Server(town.server, pool="203.0.113")
    holder = "import socket, time; s = socket.create_server(('', 1723)); print('ready', flush=True); time.sleep(60)"
    with town.server.spawn(lab.PYTHON, "-c", holder) as other:
        other.await_line("ready")
        found = server.command("check", check=False)
    assert re.search(r"^error +port: .*1723.*python", found, re.M), found
    assert re.search(r"^warning +pool: .* 203\.0\.113\.0/24 of out", found, re.M), found


def test_check_finds_name_servers_that_callers_cannot_reach(town, poptun):
    server = lab.Server(town.server)
    server.write("pptpd-options", ["ms-dns 127.0.0.1"])
    found = server.command("check", check=False)
    assert re.search(r"^error +DNS: .*127\.0\.0\.1", found, re.M), found


def pptpd(server, *words):
    """The command of a symbolic link named pptpd."""
    link = server.directory / "pptpd"
    link.symlink_to(lab.POPTUN)
    return [link, *words]


def is_running(pid):
    """Also where it is a zombie that nobody here can await."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_pptpd_serves_in_the_background_when_its_starter_returns(town, poptun):
    """-c, -o, -l and -p override the file; the starter returns 0 only when callers are served."""
    server = lab.Server(town.server)
    other = server.write("other-options", ["ms-dns 9.9.9.9"])
    pid_file = server.directory / "pid"
    output = town.server.run(*pptpd(server, "-c", server.config, "-o", other, "-l", "10.99.0.1", "-p", pid_file))
    pid = int(pid_file.read_text())
    try:
        status = server.get("/v1/status")
        assert status["pid"] == pid and status["listen"] == "10.99.0.1:1723" and output == ""
        assert status["config"]["ms-dns"] == "9.9.9.9"
        assert os.getsid(pid) == pid != os.getsid(0)
        null = os.stat("/dev/null").st_rdev
        assert {os.stat(f"/proc/{pid}/fd/{fd}").st_rdev for fd in (0, 1, 2)} == {null}
        guest = town.call()
        assert guest.status == 0, guest.output
    finally:
        os.kill(pid, signal.SIGTERM)
        lab.until(lambda: not is_running(pid), 10, "its end")
    assert not pid_file.exists()


def test_pptpd_that_cannot_serve_says_why_and_is_status_1(town, poptun):
    with lab.Server(town.server) as server:
        words = pptpd(server, "-c", server.config, "-p", server.directory / "pid")
        with pytest.raises(RuntimeError, match=r"exit status 1\n(.*\n)*pptpd: .+"):
            town.server.run(*words)
        assert server.get("/v1/status")["pid"] == server.process.child.pid, "the first one is not disturbed"


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
