#!/usr/bin/python3
"""poptun load against our own server.

      caller 10.99.0.2 … 10.99.0.9 (poptun load) ─ wire 10.99.0.1 (poptun serve)
"""
import collections
import contextlib
import json
import os
import re
import signal
import sys

import pytest

import lab

SERVER = "10.99.0.1"
SESSIONS = 200
MANY = tuple(f"user{number} * test123 *" for number in range(1, SESSIONS + 1))
STAGES = ("tcp", "control", "call", "lcp", "login", "encryption", "address", "all")


class Pair:
    """A server's namespace, and one to call from, which has eight addresses."""

    def __init__(self, stack, directory):
        self.stack, self.directory = stack, directory
        self.server, self.caller = (stack.enter_context(lab.Namespace(name)) for name in ("server", "caller"))
        lab.cable(self.server, "wire", self.caller, "wire")
        self.server.ip(f"address add {SERVER}/24 dev wire")
        for last in range(2, 10):
            self.caller.ip(f"address add 10.99.0.{last}/24 dev wire")
        self.before = self.caller.state()

    def spawn(self, *options, user="user%d", password="test123"):
        words = ["env", f"POPTUN_PASSWORD={password}", lab.POPTUN, "load", SERVER, "--user", user]
        return self.stack.enter_context(self.caller.spawn(*words, *map(str, options)))

    def load(self, *options, status=0, seconds=60, **more):
        """Runs it to its end; returns its output and its figures."""
        path = self.directory / "figures.json"
        load = self.spawn(*options, "--json", path, **more).wait(seconds)
        assert load.status == status, load.output
        assert self.caller.state() == self.before
        return load.output, json.loads(path.read_text())


@pytest.fixture
def pair(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Pair(stack, tmp_path)


def serve(pair, secrets=MANY):
    """A server with addresses for all of them."""
    server = lab.Server(pair.server, conf=["connections 250"], secrets=secrets)
    server.config.write_text(server.config.read_text().replace(".100-200", ".2-254"))
    return server


def standing(server):
    return server.get("/v1/status")["sessions"]["up"]


def assert_empty(server):
    lab.until(lambda: not server.sessions(), 5, "no session at the server")
    assert standing(server) == 0


def test_two_hundred_sessions_carry_packets_and_are_gone(pair, poptun):
    with serve(pair) as server:
        output, figures = pair.load("--sessions", SESSIONS, "--rate", 400, "--packets-per-second", 1000, "--seconds", 3,
                                    "--size", 800)
        assert (figures["up"], figures["failed"], figures["lost"], figures["failures"]) == (SESSIONS, 0, 0, [])
        assert tuple(figures["stages"]) == STAGES
        for stage in figures["stages"].values():
            assert stage["count"] == SESSIONS
            assert 0 <= stage["p50_ms"] <= stage["p90_ms"] <= stage["p99_ms"] <= stage["max_ms"]
            assert stage["p99_ms"] < 2500, f"a packet was lost and sent again: {output}"
        packets = figures["packets"]
        assert packets["sent"] == packets["received"] == 3000 and packets["lost"] == 0, output
        assert packets["echo"]["count"] == 3000
        assert f"{SESSIONS} of {SESSIONS} came up" in output and "3000 came back, 0 lost" in output
        assert_empty(server)
        # Each user once, each with packets of its own: 15 of 800 octets each way.
        ended = re.findall(r"user=(user\d+) ended .* octets_in=(\d+) octets_out=(\d+)", server.log)
        assert len({user for user, *_ in ended}) == len(ended) == SESSIONS
        assert {octets for _, *both in ended for octets in both} == {"12000"}
        assert "test123" not in server.log


def test_sessions_share_connections_and_come_from_several_addresses(pair, poptun):
    with serve(pair) as server:
        load = pair.spawn("--sessions", 100, "--rate", 500, "--calls-per-connection", 8, "--source", "10.99.0.2-5",
                          "--seconds", 60)
        lab.until(lambda: standing(server) == 100, 20, lambda: load.output)
        assert "\npoptun_connections_accepted_total 13\n" in server.get("/metrics")  # twelve of eight, one of four
        callers = collections.Counter(session["caller"].split(":")[0] for session in server.sessions())
        assert callers == {"10.99.0.2": 28, "10.99.0.3": 24, "10.99.0.4": 24, "10.99.0.5": 24}
        assert load.stop(signal.SIGINT) == 0, load.output  # all had come up
        assert_empty(server)
        assert "100 of 100 came up" in load.output


def test_a_wrong_password_is_told_by_stage(pair, poptun):
    with serve(pair) as server:
        output, figures = pair.load("--sessions", 20, "--rate", 200, password="wrong", status=1)
        assert figures["up"] == 0 and figures["failed"] == 20
        assert {row["stage"] for row in figures["failures"]} == {"login"}, figures["failures"]
        assert sum(row["count"] for row in figures["failures"]) == 20
        assert re.search(r"^ +20  login: ", output, re.M), output
        assert figures["stages"]["lcp"]["count"] == 20 and figures["stages"]["login"]["count"] == 0
        assert_empty(server)
        assert "wrong" not in re.sub(r"wrong password", "", server.log)


def test_some_fail_and_the_rest_stand(pair, poptun):
    with serve(pair, secrets=MANY[:30]) as server:
        _, figures = pair.load("--sessions", 40, "--rate", 200, "--packets-per-second", 300, "--seconds", 1, status=1)
        assert (figures["up"], figures["failed"]) == (30, 10)
        assert figures["packets"]["sent"] == figures["packets"]["received"] == 300
        assert_empty(server)


def test_at_a_terminal_one_line_shows_how_far_it_is(pair, poptun):
    environment = {**os.environ, "POPTUN_PASSWORD": "test123"}
    command = pair.caller.command(lab.POPTUN, "load", SERVER, "--user", "user%d", "--sessions", 60, "--rate", 30,
                                  "--packets-per-second", 100, "--seconds", 2)
    with serve(pair), lab.Terminal(*command, environment=environment) as terminal:
        assert terminal.wait(30) == 0, terminal.seen
        lines = terminal.seen.split(b"\r\x1b[K")  # each is wiped before the next
        assert lines[0].startswith(b"calling ") and b"\n" not in b"".join(lines[:-1]), terminal.seen
        up = [int(re.match(rb"(?:calling|settling|standing) \d+ s: (\d+) of 60 up, 0 failed", line)[1]) for line in lines[:-1]]
        assert up[0] < 60 and up[-1] == 60, up
        assert re.search(rb"^standing \d s: 60 of 60 up, 0 failed, packets \d+ sent, \d+ back$", lines[-2]), lines
        assert lines[-1].startswith(b"sessions: 60 of 60 came up"), lines


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_debians_server_is_loaded(images, tmp_path, suite):
    """Debian's pptpd, which takes one call on a connection, with its eight users; in a guest, where each costs it much."""
    with contextlib.ExitStack() as stack:
        bridge, caller = (stack.enter_context(lab.Namespace(name)) for name in ("street", "caller"))
        bridge.ip("link add lab0 address 02:00:00:00:00:01 type bridge")
        bridge.ip("link set lab0 up")
        lab.cable(bridge, "cable", caller, "wire")
        bridge.ip("link set cable master lab0")
        caller.ip("address add 10.99.0.2/24 dev wire")
        stack.enter_context(lab.DebianServer(bridge, suite=suite))
        path = tmp_path / "figures.json"
        load = caller.spawn("env", "POPTUN_PASSWORD=test123", lab.POPTUN, "load", SERVER, "--user", "testvpn%d", "--sessions", 8,
                            "--rate", 4, "--packets-per-second", 40, "--settle", 4, "--seconds", 3, "--json",
                            path)
        with load:
            assert load.wait(60).status == 0, load.output
            figures = json.loads(path.read_text())
            assert (figures["up"], figures["failed"], figures["lost"], figures["failures"]) == (8, 0, 0, [])
            assert all(figures["stages"][stage]["count"] == 8 for stage in STAGES), load.output
            packets = figures["packets"]
            # On a busy machine the guest's pppd may take seconds to open its side.
            assert packets["sent"] == 120 and packets["received"] >= 90, load.output
            assert re.search(r"^encryption +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +8$", load.output, re.M), load.output


def test_nobody_listens(pair, poptun):
    output, figures = pair.load("--sessions", 5, "--rate", 100, status=1)
    assert figures["failures"] == [{"stage": "tcp", "cause": "Connection refused", "count": 5}], output


def test_json_on_standard_output_stands_alone(pair, poptun):
    with serve(pair):
        load = pair.spawn("--sessions", 5, "--json", "-").wait(20)
        assert load.status == 0 and json.loads(load.output)["up"] == 5, load.output


def test_an_interrupt_in_the_middle_ends_in_order(pair, poptun):
    with serve(pair) as server:
        load = pair.spawn("--sessions", SESSIONS, "--rate", 20)
        lab.until(lambda: standing(server) > 5, 20, lambda: load.output)
        assert load.stop(signal.SIGINT) == 1, load.output  # not all had come up
        assert_empty(server)
        assert 'reason="peer hung up"' in server.log


def test_a_server_that_ends_is_told(pair, poptun):
    with serve(pair) as server:
        load = pair.spawn("--sessions", 20, "--rate", 200, "--seconds", 60)
        lab.until(lambda: standing(server) == 20, 20, lambda: load.output)
        server.stop()
        assert load.wait(20).status == 1
        assert "20 of 20 came up" in load.output and "20 lost later" in load.output, load.output
        assert re.search(r"^ +20  up: ", load.output, re.M), load.output


def test_wrong_usage(poptun):
    for words in ((), (SERVER,), (SERVER, "--user", "a", "--rate", "0"), (SERVER, "--user", "a", "--password", "x")):
        with lab.Process(poptun, "load", *words) as load:
            assert load.wait(5).status == 2, load.output
            assert load.output.startswith("poptun load: ")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
