#!/usr/bin/python3
"""poptun connect: against our own server, and against Debian's in guests.

      caller 10.99.0.2 (poptun connect) ─ lab0 10.99.0.1 (poptun serve, or a guest's pptpd)

Whatever the client does to its namespace is gone after its end.
"""
import contextlib
import os
import pathlib
import re
import signal
import struct
import sys
import tempfile

import pytest

import lab

SERVER = "10.99.0.1"
PASSWORD = {"POPTUN_PASSWORD": "test123"}


class Caller:
    """A namespace with one cable; `dial` starts poptun connect in it."""

    def __init__(self, stack, other, end):
        self.stack = stack
        self.namespace = stack.enter_context(lab.Namespace("caller"))
        lab.cable(other, end, self.namespace, "wire")
        self.namespace.ip("address add 10.99.0.2/24 dev wire")
        self.namespace.ip("route add default via 10.99.0.1")
        self.before = self.namespace.state()

    def dial(self, *options, host=SERVER, user="testvpn1", password="test123", prefix=()):
        hooks = ("--ip-up", "/nonexistent", "--ip-down", "/nonexistent", "--secrets", "/nonexistent")
        words = ["env", f"POPTUN_PASSWORD={password}", *prefix, lab.POPTUN, "connect", host, *hooks]
        if user:
            words += ["--user", user]
        return self.stack.enter_context(self.namespace.spawn(*words, *options))

    def ping(self, address, count=5, size=56, check=True, patience=15):
        """Patient: where the machine has much to do, a guest gets seconds late to its answer. Late is not lost."""
        return self.namespace.run("ping", "-n", "-q", "-c", count, "-i", "0.1", "-W", patience, "-s", size, address,
                                  check=check)

    def await_ping(self, address):
        """pppd opens its side a moment after it has agreed to, and what comes before is lost."""
        lab.until(lambda: " 0% packet loss" in self.ping(address, count=1, check=False, patience=2), 10, f"an echo of {address}")

    def assert_clean(self):
        assert self.namespace.state() == self.before


@pytest.fixture
def stack():
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def caller(stack):
    """A caller and a namespace for a server, lab0 being the server's end."""
    server = stack.enter_context(lab.Namespace("server"))
    caller = Caller(stack, server, "lab0")
    caller.server = server
    server.ip("address add 10.99.0.1/24 dev lab0")
    return caller


STAGES = ("tcp", "control", "call", "lcp", "login", "encryption", "address", "up")


def test_a_call_shows_each_stage_and_leaves_nothing_behind(caller, poptun):
    with lab.Server(caller.server) as server:
        call = caller.dial()
        call.await_line(r"^up +on poptun0")
        said = [line.split()[0] for line in call.output.splitlines()]
        assert said == list(STAGES), call.output
        assert re.search(r"^login .*testvpn1 by mschapv2", call.output, re.M)
        assert re.search(r"^encryption  MPPE 128 bit, stateless", call.output, re.M)
        assert re.search(r"^address     192\.168\.10\.\d+, the server is 192\.168\.10\.1, MTU \d+, DNS 8\.8\.8\.8 "
                         r"114\.114\.114\.114", call.output, re.M)
        assert " 0% packet loss" in caller.ping("192.168.10.1")
        assert " 0% packet loss" in caller.ping("192.168.10.1", size=1400)
        assert call.stop() == 5, call.output
        lab.until(lambda: not server.sessions(), 3, "no session")
        caller.assert_clean()
        assert "user=testvpn1" in server.log and "test123" not in server.log


@pytest.mark.parametrize("options", ["", "-R", "-u -b 10M -l 1300"])
def test_streams_go_through(caller, poptun, options):
    with lab.Server(caller.server):
        call = caller.dial()
        call.await_line(r"^up ")
        caller.stack.enter_context(caller.server.spawn("iperf3", "-s", "--forceflush")).await_line("listening")
        said = caller.namespace.run("iperf3", "-c", "192.168.10.1", "-t", "2", "-f", "m", *options.split())
        rate = float(re.search(r"([\d.]+) Mbits/sec +(?:[\d.]+ ms +\S+ +\S+ +)?receiver", said)[1])
        assert rate > 5, said
        assert call.stop() == 5, call.output
        octets = re.search(r"^down +after \d+ s, (\d+) octets in, (\d+) out", call.output, re.M)
        assert max(map(int, octets.groups())) > 1_000_000


def test_the_default_route_leads_into_the_tunnel_and_the_server_stays_outside(caller, poptun):
    with lab.Server(caller.server):
        call = caller.dial("--default-route", "--dns")
        call.await_line(r"^up ")
        routes = caller.namespace.ip("route show")
        assert re.search(r"^0\.0\.0\.0/1 dev poptun0 ", routes, re.M), routes
        assert re.search(r"^128\.0\.0\.0/1 dev poptun0 ", routes, re.M), routes
        assert re.search(r"^10\.99\.0\.1 dev wire ", routes, re.M), routes
        assert "default via 10.99.0.1 dev wire" in routes
        assert "dev poptun0" in caller.namespace.ip("route get 192.0.2.1")
        assert "dev wire" in caller.namespace.ip("route get 10.99.0.1")
        assert re.search(r"^dns .*nameserver 8\.8\.8\.8", call.output, re.M) or "given to" in call.output
        assert " 0% packet loss" in caller.ping("192.168.10.1")
        assert call.stop() == 5, call.output
        caller.assert_clean()


def test_single_networks_lead_into_the_tunnel(caller, poptun):
    with lab.Server(caller.server):
        call = caller.dial("--route", "198.51.100.0/24", "--route", "10.99.0.0/16", "--interface", "vpn7")
        call.await_line(r"^up +on vpn7, the server's own address outside")
        assert "dev vpn7" in caller.namespace.ip("route get 198.51.100.7")
        assert "dev vpn7" in caller.namespace.ip("route get 10.99.200.7")
        assert "dev wire" in caller.namespace.ip("route get 10.99.0.1")
        assert "dev wire" in caller.namespace.ip("route get 192.0.2.1")
        assert call.stop() == 5, call.output
        caller.assert_clean()


def test_a_killed_clients_route_is_taken_over(caller, poptun):
    with lab.Server(caller.server):
        call = caller.dial("--default-route")
        call.await_line(r"^up ")
        call.child.kill()
        call.child.wait()
        assert re.search(r"^10\.99\.0\.1 dev wire", caller.namespace.ip("route show"), re.M), "what a kill leaves"
        call = caller.dial("--default-route")
        call.await_line(r"^up ", 20)
        assert call.stop() == 5, call.output
        caller.assert_clean()


@pytest.mark.parametrize("who", ["wrong-password", "unknown-user"])
def test_a_refused_login_is_told_and_not_tried_again(caller, poptun, who):
    with lab.Server(caller.server):
        call = caller.dial(**({"password": "wrong"} if who == "wrong-password" else {"user": "nobody"}))
        assert call.wait(20).status == 19, call.output
        assert re.search(r"^failed +login of \w+: wrong user name or password", call.output, re.M)
        assert "retry" not in call.output
        caller.assert_clean()


def test_a_server_that_comes_back_is_called_again(caller, poptun):
    with lab.Server(caller.server) as server:
        call = caller.dial("--default-route")
        call.await_line(r"^up ")
        assert server.stop() == 0
        call.await_line(r"^down .*\n(.*\n)*^retry ", 20)
        assert "poptun0" not in caller.namespace.ip("route show")
        assert not re.search(r"^10\.99\.0\.1 ", caller.namespace.ip("route show"), re.M)
        call.await_line(r"^failed +TCP to 10\.99\.0\.1 .*refused", 20)
        server.start()
        lab.until(lambda: len(re.findall(r"^up ", call.output, re.M)) == 2, 40, lambda: call.output)
        assert " 0% packet loss" in caller.ping("192.168.10.1")
        assert call.stop() == 5, call.output
        caller.assert_clean()


def test_once_ends_with_the_link(caller, poptun):
    with lab.Server(caller.server) as server:
        call = caller.dial("--once")
        call.await_line(r"^up ")
        server.command("disconnect", "testvpn1")
        assert call.wait(20).status == 16, call.output
        caller.assert_clean()


def test_a_server_that_is_not_there(caller, poptun):
    call = caller.dial("--once")
    assert call.wait(20).status == 8, call.output
    assert re.search(r"^failed +TCP to 10\.99\.0\.1 \(10\.99\.0\.1\) port 1723: Connection refused", call.output, re.M)


BLOCKED = "table ip t {{ chain c {{ type filter hook {} priority 0; ip protocol gre drop; }}; }}"


@pytest.mark.parametrize("hooks, said", [
    (("input", "output"), "no GRE came back in 10 s: protocol 47 is blocked between here and 10.99.0.1"),
    (("input",), "protocol 47 is blocked on the way from here to 10.99.0.1"),
    (("output",), None),
])
def test_blocked_gre_is_named(caller, poptun, hooks, said):
    for hook in hooks:
        caller.server.nft(BLOCKED.format(hook).replace("table ip t", f"table ip {hook}"))
    with lab.Server(caller.server):
        call = caller.dial("--once")
        status = call.wait(30).status
        if said:
            assert status == 10, call.output
            assert f"control connection stands, " in call.output and said in call.output
        else:  # the server ends the call, having heard us but not been heard
            assert status == 10, call.output
        caller.assert_clean()


def test_gre_blocked_by_this_host_is_named(caller, poptun):
    caller.namespace.nft(BLOCKED.format("output"))
    with lab.Server(caller.server):
        call = caller.dial("--once")
        assert call.wait(30).status == 10, call.output
        assert re.search(r"this host does not let GRE out .*protocol 47", call.output)


def test_several_addresses_are_tried_in_turn(caller, poptun):
    """A name with three addresses, in an /etc/hosts of its own: the first two do not answer."""
    caller.namespace.ip("route add unreachable 10.98.0.1")
    with tempfile.NamedTemporaryFile("w", prefix="poptun-hosts-") as hosts, lab.Server(caller.server):
        hosts.write("10.98.0.1 vpn.test\n10.99.0.2 vpn.test\n10.99.0.1 vpn.test\n")
        hosts.flush()
        call = caller.dial(host="vpn.test", prefix=("sh", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"',
                                                    "sh", hosts.name))
        call.await_line(r"^up ", 20)
        tried = re.findall(r"^tcp +to (\S+) port 1723", call.output, re.M)
        assert tried[-1] == "10.99.0.1" and set(tried) <= {"10.98.0.1", "10.99.0.2", "10.99.0.1"}
        failed = re.findall(r"^failed +TCP to vpn\.test \((\S+)\)", call.output, re.M)
        assert failed == tried[:-1], call.output
        assert call.stop() == 5


def test_two_capabilities_are_enough(caller, poptun):
    """As in a container."""
    with lab.Server(caller.server):
        call = caller.dial("--default-route", prefix=(
            "setpriv", "--bounding-set", "-all,+net_admin,+net_raw", "--inh-caps", "-all"))
        call.await_line(r"^up ")
        capabilities = pathlib.Path(f"/proc/{call.child.pid}/status").read_text()
        assert re.search(r"^CapEff:\s+0000000000003000$", capabilities, re.M)
        assert " 0% packet loss" in caller.ping("192.168.10.1")
        assert call.stop() == 5, call.output
        caller.assert_clean()


def test_without_the_right_to_it_one_sentence_says_so(caller, poptun):
    call = caller.dial(prefix=("setpriv", "--bounding-set", "-all", "--inh-caps", "-all"))
    assert call.wait(10).status == 1
    assert "CAP_NET_ADMIN" in call.output and len(call.output.splitlines()) == 1


PEER = """# written by pptpsetup
pty "pptp 10.99.0.1 --nolaunchpppd"
lock
noauth
nobsdcomp
nodeflate
name testvpn1
remotename office
require-mppe-128
"""


def test_a_peers_file_of_pptpsetup_is_called(caller, poptun):
    """/etc/ppp/peers/office and chap-secrets, as pptpsetup writes them."""
    with tempfile.TemporaryDirectory(prefix="poptun-ppp-") as etc, lab.Server(caller.server):
        directory = pathlib.Path(etc)
        (directory / "peers").mkdir()
        (directory / "peers/office").write_text(PEER)
        (directory / "chap-secrets").write_text("testvpn1 elsewhere wrong *\ntestvpn1 office test123 *\n")
        up, down = directory / "up", directory / "down"
        for hook in (up, down):
            hook.write_text(f'#!/bin/sh\necho "$@" "$IPLOCAL $DNS1 $BYTES_RCVD" >{hook}.out\n')
            hook.chmod(0o755)
        call = caller.stack.enter_context(caller.namespace.spawn(
            "sh", "-c", 'mkdir -p /etc/ppp && mount --bind "$1" /etc/ppp && shift && exec "$@"', "sh", etc,
            lab.POPTUN, "connect", "--peer", "office", "--ip-up", up, "--ip-down", down, "--ipparam", "branch"))
        call.await_line(r"^up ")
        assert " 0% packet loss" in caller.ping("192.168.10.1")
        local = re.search(r"^address +(\S+),", call.output, re.M)[1]
        lab.until(lambda: (directory / "up.out").exists() and (directory / "up.out").read_text(), 5, "ip-up")
        words = (directory / "up.out").read_text().split()
        assert words[0] == "poptun0" and words[-3:] == ["branch", local, "8.8.8.8"], words
        assert [local, "192.168.10.1"] == words[-5:-3]
        assert call.stop() == 5, call.output
        words = (directory / "down.out").read_text().split()
        assert int(words[-1]) >= 84 * 5, words
        caller.assert_clean()


# Another /usr/local/sbin, where the program looks for tools too, and an empty /run; a resolvconf of this host's is hidden.
FAKE_TOOLS = """mount --bind "$1" /usr/local/sbin && mount -t tmpfs tmpfs /run && mkdir -p "/run/$2" && touch "/run/$2/resolv.conf"
for tool in /usr/sbin /usr/bin /sbin /bin; do
    [ ! -e $tool/resolvconf ] || mount --bind /dev/null $tool/resolvconf
done
shift 2; exec "$@"
"""
FAKE_TOOL = """#!/bin/sh
echo "$@" >>{0}
[ "$1" != -a ] || cat >>{0}
"""


@contextlib.contextmanager
def fake_tool(name, run="systemd/none"):
    """A tool of that name which notes what it is told. Gives the words that hide the others, and the notes."""
    with tempfile.TemporaryDirectory(prefix="poptun-sbin-") as sbin:
        tool, said = pathlib.Path(sbin) / name, pathlib.Path(sbin) / "said"
        tool.write_text(FAKE_TOOL.format(said))
        tool.chmod(0o755)
        said.touch()
        yield ("sh", "-c", FAKE_TOOLS, "sh", sbin, run), said


def test_dns_is_given_to_resolvconf_and_taken_back(caller, poptun):
    with fake_tool("resolvconf") as (prefix, said), lab.Server(caller.server):
        call = caller.dial("--dns", prefix=prefix)
        call.await_line(r"^up ")
        assert said.read_text() == "-a poptun0.poptun\nnameserver 8.8.8.8\nnameserver 114.114.114.114\n"
        assert "given to resolvconf" in call.output
        assert call.stop() == 5, call.output
        assert said.read_text().endswith("-d poptun0.poptun\n")


@pytest.mark.parametrize("options, domain", [((), ""), (("--default-route",), "domain poptun0 ~.\n")])
def test_dns_is_given_to_systemd_resolved_and_taken_back(caller, poptun, options, domain):
    """All names are asked there only where all packets go there."""
    with fake_tool("resolvectl", "systemd/resolve") as (prefix, said), lab.Server(caller.server) as server:
        call = caller.dial("--dns", *options, prefix=prefix)
        call.await_line(r"^up ")
        given = "dns poptun0 8.8.8.8 114.114.114.114\n" + domain
        assert said.read_text() == given
        assert "given to systemd-resolved" in call.output
        server.command("disconnect", "testvpn1")
        call.await_line(r"^retry ")
        assert said.read_text() == given + "revert poptun0\n"
        lab.until(lambda: len(re.findall(r"^up ", call.output, re.M)) == 2, 20, lambda: call.output)
        assert said.read_text() == given + "revert poptun0\n" + given
        assert call.stop() == 5, call.output
        assert said.read_text() == (given + "revert poptun0\n") * 2


def test_dns_is_printed_where_nobody_takes_it(caller, poptun):
    """resolvectl alone is nobody: its service does not run."""
    with fake_tool("resolvectl") as (prefix, said), lab.Server(caller.server):
        call = caller.dial("--dns", prefix=prefix)
        call.await_line(r"^up ")
        assert re.search(r"^dns +.*nameserver 8\.8\.8\.8.*nameserver 114\.114\.114\.114", call.output, re.M | re.S)
        assert call.stop() == 5, call.output
        assert said.read_text() == ""


def test_dns_is_left_alone_unless_asked_for(caller, poptun):
    with fake_tool("resolvectl", "systemd/resolve") as (prefix, said), lab.Server(caller.server):
        call = caller.dial(prefix=prefix)
        call.await_line(r"^up ")
        assert call.stop() == 5, call.output
        assert said.read_text() == "" and not re.search(r"^dns ", call.output, re.M)


def test_the_password_is_asked_for_at_the_terminal_and_not_shown(caller, poptun):
    environment = {name: value for name, value in os.environ.items() if name != "POPTUN_PASSWORD"}
    command = caller.namespace.command(lab.POPTUN, "connect", SERVER, "--user", "testvpn1", "--secrets", "/nonexistent",
                                       "--ip-up", "/nonexistent", "--ip-down", "/nonexistent")
    with lab.Server(caller.server), lab.Terminal(*command, environment=environment) as terminal:
        terminal.await_text(rb"Password of testvpn1 at 10\.99\.0\.1: $")
        lab.until(lambda: not terminal.echoes(), 5, "no echo")
        terminal.type(b"test123\n")
        terminal.await_text(rb"\nup ")
        assert b"test123" not in terminal.seen and terminal.echoes()
        shown = [line.split()[0].decode() for line in terminal.seen.splitlines()[1:] if line]
        assert shown == list(STAGES), "each stage as it is done"
        terminal.type(b"\x03")  # Ctrl-C
        assert terminal.wait(10) == 5, terminal.seen


def test_the_password_may_stand_in_a_file(caller, poptun):
    with tempfile.NamedTemporaryFile("w", prefix="poptun-password-") as file, lab.Server(caller.server):
        file.write("test123\nanother line\n")
        file.flush()
        call = caller.dial("--password-file", file.name, password="wrong")
        call.await_line(r"^up ")
        assert "POPTUN_PASSWORD" not in pathlib.Path(f"/proc/{call.child.pid}/environ").read_text() or \
            "wrong" not in pathlib.Path(f"/proc/{call.child.pid}/environ").read_text()
        assert call.stop() == 5


def test_a_server_of_odd_habits_is_put_up_with(caller, poptun):
    """What it does is said in odd_server.py."""
    with caller.server.spawn(lab.PYTHON, pathlib.Path(__file__).with_name("odd_server.py")) as server:
        server.await_line("ready")
        with lab.Capture(caller.namespace, "wire", "proto 47") as capture:
            call = caller.dial("--mppe", "off", "--once", "--verbose")
            call.await_line(r"^up ")
            assert re.search(r"^address +192\.168\.77\.2, the server is 192\.168\.77\.1, .*DNS 9\.9\.9\.9 9\.9\.9\.10$",
                             call.output, re.M)
            assert "10 received, 0% packet loss" in caller.ping("192.168.77.1", count=10)
            server.child.send_signal(signal.SIGUSR1)
            assert call.wait(10).status == 16, call.output
        assert re.search(r"^down .*call disconnected by peer: result=0", call.output, re.M), call.output
        assert "send_accm=ffffffff" in call.output
        caller.assert_clean()
        numbers = [struct.unpack_from("!II", bytes(packet)[34 + 8:]) for packet in capture.packets()
                   if bytes(packet)[26:30] == bytes((10, 99, 0, 1))]
        assert numbers[0] == (1, 0xffffffff), "it did what it is to do"
        assert [number for number, _ in numbers] != sorted(number for number, _ in numbers)


@pytest.mark.parametrize("methods, bits", [
    ("mschapv2", 128), ("mschapv2", 56), ("mschapv2", 40), ("mschap", 128), ("mschap", 40), ("chap-md5", 0), ("pap", 0),
])
def test_methods_and_encryption_are_narrowed(caller, poptun, methods, bits):
    """A server of ours that takes everything: what comes to be is what the caller named."""
    conf = ["mppe optional", "mppe-bits 128,56,40"]
    with lab.Server(caller.server, conf=conf, options=[f"require-{name}" for name in ("pap", "chap", "mschap", "mschap-v2")]):
        call = caller.dial("--auth", methods, "--mppe", str(bits or "off"), "--once")
        call.await_line(r"^up ")
        assert re.search(rf"^login .* by {methods}$", call.output, re.M), call.output
        assert re.search(rf"^encryption +{f'MPPE {bits} bit, stateless' if bits else 'none'}", call.output, re.M)
        assert " 0% packet loss" in caller.ping("192.168.10.1")
        assert call.stop() == 5, call.output


def test_the_default_takes_nothing_weaker(caller, poptun):
    """A server that offers all but MS-CHAPv2, and one without encryption."""
    for options in (["require-mschap", "require-chap", "require-pap", "refuse-mschap-v2"], ["nomppe"]):
        with lab.Server(caller.server, options=options):
            call = caller.dial("--once")
            assert call.wait(30).status == 10, call.output
            assert not re.search(r"^up ", call.output, re.M)


def test_another_port(caller, poptun):
    caller.server.nft("table ip t { chain c { type nat hook prerouting priority -100; tcp dport 4723 redirect to :1723; }; }")
    with lab.Server(caller.server):
        call = caller.dial("--port", "4723")
        call.await_line(r"^tcp +to 10\.99\.0\.1 port 4723\n(.*\n)*up ")
        assert call.stop() == 5, call.output


# Debian's servers: options of pptp-server, then those of poptun connect, then the suite.
SERVERS = {
    "mppe128": ("-e 128", ""),
    "mppe40": ("-e 40", "--mppe 40"),
    "mppe128-stateful": ("-e 128-stateful", ""),
    "clear": ("-e none", "--mppe off"),
    "mschap": ("-a mschap", "--auth mschap"),
    "chap-md5": ("-a chap -e none", "--auth chap-md5 --mppe off"),
    "pap": ("-a pap -e none", "--auth pap --mppe off"),
    "nobody-is-asked": ("-a none -e none", "--mppe off"),
    "pppds-defaults": ("-z", ""),
    "ipv6": ("-6", ""),
    "kernel": ("-k", ""),
    "kernel-clear": ("-k -e none", "--mppe off"),
    "debian-13": ("-e 128", "", "trixie"),
    "debian-13-stateful": ("-e 128-stateful", "", "trixie"),
    "debian-13-pap": ("-a pap -e none", "--auth pap --mppe off", "trixie"),
    "debian-13-clear": ("-e none", "--mppe off", "trixie"),
}
BITS = {"mppe40": "MPPE 40 bit", "clear": "none"}


@pytest.fixture
def street(images, stack):
    """A bridge for a guest's server, and a caller on it."""
    bridge = stack.enter_context(lab.Namespace("street"))
    bridge.ip("link add lab0 address 02:00:00:00:00:01 type bridge")
    bridge.ip("link set lab0 up")
    caller = Caller(stack, bridge, "cable")
    bridge.ip("link set cable master lab0")
    caller.bridge = bridge
    return caller


@pytest.mark.parametrize("name", SERVERS)
def test_debians_server_is_called(street, poptun, name):
    options, ours, *suite = SERVERS[name]
    with lab.DebianServer(street.bridge, *options.split(), suite=suite[0] if suite else "bookworm"):
        call = street.dial(*ours.split(), "--once")
        call.await_line(r"^up ", 20)
        street.await_ping("192.168.10.1")
        assert f"encryption  {'none' if '-e none' in options else BITS.get(name, 'MPPE 128 bit')}" in call.output
        assert " 0% packet loss" in street.ping("192.168.10.1")
        assert " 0% packet loss" in street.ping("192.168.10.1", size=1400)
        assert call.stop() == 5, call.output
        street.assert_clean()


@pytest.mark.parametrize("name", ["mppe128", "mppe128-stateful", "clear", "kernel", "debian-13"])
def test_streams_go_through_debians_server(street, poptun, name):
    """iperf3 there and back; in the guest each packet costs it much."""
    options, ours, *suite = SERVERS[name]
    with lab.DebianServer(street.bridge, "-i", *options.split(), suite=suite[0] if suite else "bookworm"):
        call = street.dial(*ours.split(), "--once")
        call.await_line(r"^up ", 20)
        street.await_ping("192.168.10.1")
        for direction in (lab.THERE, lab.BACK):
            said = street.namespace.run("iperf3", "-c", "192.168.10.1", "-t", "2", "-f", "k", *direction.split())
            assert float(re.search(r"([\d.]+) Kbits/sec +receiver", said)[1]) > 500, said
        assert call.stop() == 5, call.output
        octets = re.search(r"^down +after \d+ s, (\d+) octets in, (\d+) out", call.output, re.M)
        assert min(map(int, octets.groups())) > 250_000, call.output
        street.assert_clean()


REFUSALS = {
    "wrong-password": ("", "", "wrong", 19),
    "wrong-password-pap": ("-a pap -e none", "--auth pap --mppe off", "wrong", 19),
    "no-common-method": ("-a pap -e none", "", "test123", 10),
    "no-encryption-there": ("-e none", "", "test123", 10),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_debians_server_refuses(street, poptun, name):
    options, ours, password, status = REFUSALS[name]
    with lab.DebianServer(street.bridge, *options.split()):
        call = street.dial(*ours.split(), "--once", password=password)
        assert call.wait(60).status == status, call.output
        assert re.search(r"^failed ", call.output, re.M)
        street.assert_clean()


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_debians_server_is_called_again_when_it_is_back(street, poptun, end):
    """Killed, it says nothing, and back, it knows of nothing: what it then answers to TCP's own question tells us."""
    with lab.DebianServer(street.bridge) as first:
        call = street.dial("--default-route")
        call.await_line(r"^up ", 20)
        street.await_ping("192.168.10.1")
        if end == "killed":
            first.kill()
            assert " 100% packet loss" in street.ping("192.168.10.1", count=1, check=False, patience=2)
            assert not re.search(r"^down ", call.output, re.M)
    with lab.DebianServer(street.bridge):
        lab.until(lambda: len(re.findall(r"^up ", call.output, re.M)) == 2, 40, lambda: call.output)
        street.await_ping("192.168.10.1")
        assert " 0% packet loss" in street.ping("192.168.10.1")
        assert call.stop() == 5, call.output
        street.assert_clean()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
