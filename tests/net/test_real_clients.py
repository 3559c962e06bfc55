#!/usr/bin/python3
"""Debian's own clients dial in: every way of proving oneself, every kind of encryption, and what goes wrong.

      g1 10.99.0.2 (pptp-linux + pppd, in a guest) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2

pptp-client (tests/lab/guest) pings the server through the link with small and large packets, and ends with pppd's own
exit status where the link does not come up: 19 wrong password, 10 or 16 no agreement.
"""
import re
import sys

import pytest

import lab

PAP = ("require-pap",), ("mppe off",)
CHAP = ("require-chap",), ("mppe off",)
MSCHAP = ("require-mschap",), ()
CLEAR = (), ("mppe off",)
DEFAULT = (), ()
STATEFUL = (), ("mppe-stateless no",)
EVERYTHING = ("require-pap", "require-chap", "require-mschap", "require-mschap-v2"), ("mppe optional",)

V2 = "mschapv2 128 stateless"

# name: options of the client, the server's (options file, pptpd.conf), what both agree on, the guest's suite
LINKS = {
    "mschapv2-mppe128": ("-e 128", DEFAULT, V2),
    "mschapv2-mppe128-stateful": ("-e 128-stateful", STATEFUL, "mschapv2 128 stateful"),
    "mschapv2-mppe40": ("-e 40", (("require-mppe-40",), ()), "mschapv2 40 stateless"),
    "mschapv2-clear": ("-e none", CLEAR, "mschapv2"),
    "mschap-mppe128": ("-a mschap", MSCHAP, "mschap 128 stateless"),
    "mschap-clear": ("-a mschap -e none", (MSCHAP[0], ("mppe off",)), "mschap"),
    "chap-md5": ("-a chap -e none", CHAP, "chap-md5"),
    "pap": ("-a pap -e none", PAP, "pap"),
    "ipv6": ("-6", (("+ipv6",), ()), V2),
    "pppd-default-options": ("-z -a any", DEFAULT, V2),
    "pppd-default-options-clear": ("-z -e none", CLEAR, "mschapv2"),
    "three-clients": ("-n 3", DEFAULT, V2),
    "three-calls-on-one-control-connection": ("-o -n 3", DEFAULT, V2),
    "kernel-client": ("-k", DEFAULT, V2),
    "kernel-client-clear": ("-k -e none", CLEAR, "mschapv2"),
    "debian-13": ("-e 128", DEFAULT, V2, "trixie"),
    "debian-13-ipv6": ("-6", (("+ipv6",), ()), V2, "trixie"),
    "debian-13-pap": ("-a pap -e none", PAP, "pap", "trixie"),
    "any-of-all-methods": ("-a any -e any", EVERYTHING, "mschapv2"),
    "pap-where-all-are-allowed": ("-a pap -e none", EVERYTHING, "pap"),
}

# What must not come up: the client's options, the server's, pppd's exit status (any of these).
REFUSALS = {
    "wrong-password": ("-p wrong", DEFAULT, {19}),
    "unknown-user": ("-u nobody", DEFAULT, {19}),
    "wrong-password-chap-md5": ("-a chap -e none -p wrong", CHAP, {19}),
    "wrong-password-pap": ("-a pap -e none -p wrong", PAP, {19}),
    "client-without-mppe": ("-e none", DEFAULT, {10, 16}),
    "client-with-40-bit-alone": ("-e 40", DEFAULT, {10, 16}),
    "client-with-pap-alone": ("-a pap -e none", DEFAULT, {10, 11, 16, 19}),
}


def pap_secrets(server):
    """PAP reads its own file, where pppd does; the same users stand in it."""
    server.write("pap-secrets", lab.USERS).chmod(0o600)
    with server.config.open("a") as config:
        config.write(f"pap-secrets {server.directory}/pap-secrets\n")


def make(town, settings):
    options, conf = settings
    server = lab.Server(town.server, options=options, conf=conf)
    pap_secrets(server)
    return server


def agreements(log):
    """What each session settled on: method and encryption."""
    methods = dict(re.findall(r"^session=(\d+) .*?\bauth=(\S+) user=", log, re.M))
    encryption = dict(re.findall(r"^session=(\d+) .*ccp=opened mppe=(.*)$", log, re.M))
    return {f"{method} {encryption.get(session, '')}".strip() for session, method in methods.items()}


def assert_nobody_is_left(server):
    """The session ends with the call, and not only when an echo was missed."""
    lab.until(lambda: not server.sessions(), 5, lambda: f"no session after the call: {server.sessions()}")


@pytest.mark.parametrize("name", LINKS)
def test_a_client_gets_online(town, poptun, name):
    options, settings, agreed, *suite = LINKS[name]
    count = 3 if "-n 3" in options else 1
    with make(town, settings) as server:
        guest = town.call(*options.split(), suite=suite[0] if suite else "bookworm")
        assert guest.status == 0, guest.output
        assert len(re.findall(r" 0% packet loss", guest.output)) >= 2 * count, guest.output
        local = set(re.findall(r"^link \d+: ppp\d+ (192\.168\.10\.\d+) -> 192\.168\.10\.1 ", guest.output, re.M))
        assert len(local) == count, f"each has an address of its own: {local}"
        assert all(100 <= int(address.split(".")[3]) <= 200 for address in local)
        assert "dns 8.8.8.8 114.114.114.114" in guest.output
        for user in range(1, count + 1):
            assert f"user=testvpn{user}" in server.log
        assert agreements(server.log) == {agreed}
        assert len(re.findall(r" control=established ", server.log)) == (1 if "-o" in options else count)
        assert "protocol 47" not in server.log, "GRE came"
        assert_nobody_is_left(server)
        assert server.stop() == 0, server.log


@pytest.mark.parametrize("name", REFUSALS)
def test_a_client_is_refused(town, poptun, name):
    options, settings, statuses = REFUSALS[name]
    with make(town, settings) as server:
        guest = town.call(*options.split())
        assert guest.status in statuses, guest.output
        assert "test123" not in server.log, "a password in the log"
        assert_nobody_is_left(server)


def test_an_unknown_user_is_told_what_a_wrong_password_is_told(town, poptun):
    """And nothing more than RFC 2759 asks for: no text that would tell a stranger which of both it was."""
    with lab.Server(town.server) as server:
        both = [town.dial("-u", "nobody"), town.dial("-p", "wrong", number=2)]
        told = []
        for guest in both:
            guest.wait()
            assert guest.status == 19, guest.output
            failure = re.search(r'rcvd \[CHAP Failure id=\S+ "([^"]*)"', guest.output)
            assert failure, guest.output
            told.append(re.sub(r"C=[0-9A-Fa-f]{32}", "C=", failure[1]))
        assert told[0] == told[1] == "E=691 R=0 C= V=3"
        # What fail2ban matches.
        server.await_log(r"^.*session=\d+ user=nobody login=failed caller=10\.99\.0\.2 error=691$")
        server.await_log(r"^.*session=\d+ user=testvpn1 login=failed caller=10\.99\.0\.3 error=691$")


def test_stateful_encryption_recovers_from_loss(town, poptun):
    """Of what the client sends, one in fifteen is lost: a Reset-Request for each, and the next packet is good again."""
    town.server.nft("table bridge hop { chain pass { type filter hook prerouting priority 0; "
                    "iifname g1 ip protocol 47 ip length > 400 numgen random mod 15 0 drop; }; }")
    with lab.Server(town.server, conf=STATEFUL[1]) as server:
        guest = town.dial("-e", "128-stateful", "-c", "ping -q -n -c 200 -i 0.02 -s 500 $REMOTE; sleep 60")
        received = int(guest.await_line(r"200 packets transmitted, (\d+) received", 60)[1])
        shown = server.command("show", "testvpn1")
        assert re.search(r"^mppe +128 stateful$", shown, re.M), shown
        resets = int(re.search(r"^mppe_resets_sent +(\d+)$", shown, re.M)[1])
        assert resets >= 3, f"{resets} resets: nothing is shown\n{shown}"
        assert 100 <= received < 200, guest.output
        guest.stop()


def test_a_caller_whose_gre_is_blocked_is_named_with_protocol_47(town, poptun):
    """Its control connection stands, and no GRE packet comes for ten seconds: someone on the way drops protocol 47."""
    town.server.nft("table bridge hop { chain pass { type filter hook prerouting priority 0; ip protocol 47 drop; }; }")
    with lab.Server(town.server) as server:
        guest = town.dial()
        opened = server.await_log(r"session=(\d+) call=opened", 30)[1]
        said = server.await_log(rf"^warning: session={opened} .*protocol 47.*", 20)[0]
        assert "10.99.0.2" in said, said
        guest.wait()
        assert guest.status not in (0, 19), guest.output
        assert_nobody_is_left(server)


def data_frames(packets):
    """The PPP protocol numbers of what goes through the tunnel: (protocol, length) for each data packet."""
    from scapy.layers.inet import IP
    for packet in packets:
        if IP not in packet or packet[IP].proto != 47:
            continue
        gre = bytes(packet[IP].payload)
        payload = gre[8 + 4 * bool(gre[0] & 0x10) + 4 * bool(gre[1] & 0x80):]
        payload = payload[:int.from_bytes(gre[4:6], "big")]
        if payload[:2] == b"\xff\x03":
            payload = payload[2:]
        if payload:
            short = payload[0] & 1
            yield (payload[0] if short else int.from_bytes(payload[:2], "big")), len(payload)


def test_no_clear_packet_leaves_where_encryption_is_required(town, poptun):
    with lab.Server(town.server):
        guest = town.dial("-6", "-e", "128")
        with town.hear("proto gre") as capture:
            assert guest.wait().status == 0, guest.output
    from scapy.layers.inet import IP
    packets = capture.packets()
    assert {packet[IP].src for packet in packets} == {town.SERVER, "10.99.0.2"}
    frames = list(data_frames(packets))
    assert sum(protocol == 0xFD for protocol, _ in frames) >= 20, "encrypted packets, both ways"
    clear = [hex(protocol) for protocol, _ in frames if protocol in (0x21, 0x57, 0x2D, 0x2F)]
    assert not clear, f"data packets in clear: {clear}"


@pytest.mark.parametrize("kind, least", [(1, 297), (2, 288), (3, 288)])
def test_packets_out_of_order_are_no_loss(town, poptun, kind, least):
    """pptp's own fault injection: 1 swaps two, 2 sends ten late, 3 reverses ten; of each thirty.

    The last ten may still wait in pptp when the pings end. (pptpd answers 281 of kind 3's 300.)
    """
    with lab.Server(town.server):
        guest = town.call("-P", f"--test-type {kind} --test-rate 30", "-c", "ping -q -n -c 300 -i 0.01 $REMOTE")
        assert guest.status == 0, guest.output
        received = int(re.search(r"300 packets transmitted, (\d+) received", guest.output)[1])
        assert received >= least, guest.output
        assert "duplicates" not in guest.output


def test_a_user_with_a_fixed_address_gets_it_and_a_second_login_takes_its_place(town, poptun):
    secrets = ('testvpn1 pptpd test123 192.168.10.177', '"testvpn2" * "test123" *')
    with lab.Server(town.server, secrets=secrets) as server:
        first = town.dial("-c", "sleep 40")
        first.await_line(r"link 1: ppp0 192\.168\.10\.177 -> 192\.168\.10\.1 ", 30)
        second = town.call(number=2)
        assert second.status == 0, second.output
        assert "192.168.10.177 -> 192.168.10.1" in second.output
        server.await_log(r"user=testvpn1 .*address=192\.168\.10\.177|address=192\.168\.10\.177.* user=testvpn1")
        first.stop()


def test_commands_show_and_end_a_session(town, poptun):
    """status, sessions, show, disconnect: what they print comes from the control socket."""
    with lab.Server(town.server) as server:
        guest = town.dial("-c", "sleep 40")
        guest.await_line(r"link 1: ppp0 192\.168\.10\.\d+", 30)
        session, = lab.until(server.sessions, 5, "a session")
        assert "testvpn1" in session.values()
        assert "testvpn1" in server.command("sessions")
        assert "testvpn1" in server.command("show", str(session["id"]))
        assert server.command("status")
        assert server.request("GET", "/v1/sessions/999999999")[0] == 404
        server.command("disconnect", "testvpn1")
        lab.until(lambda: not server.sessions(), 10, "no session after disconnect")
        guest.await_line(r"pppd ended|Connection terminated|Modem hangup", 20)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
