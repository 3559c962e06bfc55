#!/usr/bin/python3
"""Several workers, with calls and packets of poptun load.

      caller 10.99.0.2 (poptun load) ─ wire 10.99.0.1 (poptun serve, two workers)
"""
import json
import signal
import sys

import pytest

import lab

SERVER, SESSIONS, WORKERS = "10.99.0.1", 40, 2
USERS = tuple(f"user{number} * test123 *" for number in range(1, SESSIONS + 1))
LOAD = ("env", "POPTUN_PASSWORD=test123", lab.POPTUN, "load", SERVER, "--user", "user%d", "--rate", "200")


@pytest.fixture
def caller():
    with lab.Namespace("server") as server, lab.Namespace("caller") as caller:
        lab.cable(server, "wire", caller, "wire")
        server.ip(f"address add {SERVER}/24 dev wire")
        caller.ip("address add 10.99.0.2/24 dev wire")
        caller.server = server
        yield caller


def shares(server):
    return [worker["sessions"] for worker in server.get("/v1/status")["workers"]]


def serve(caller, *conf):
    return lab.Server(caller.server, conf=conf, secrets=USERS)


def load(caller, *options):
    return caller.spawn(*LOAD, "--sessions", str(SESSIONS), *map(str, options))


def test_each_worker_serves_its_part_and_packets_come_to_their_owner(caller, poptun, tmp_path):
    with serve(caller, f"workers {WORKERS}") as server:
        figures = tmp_path / "figures.json"
        with load(caller, "--packets-per-second", 1000, "--seconds", 4, "--json", figures) as calls:
            lab.until(lambda: sum(shares(server)) == SESSIONS, 20, lambda: calls.output)
            assert shares(server) == [SESSIONS // WORKERS] * WORKERS
            owners = {row["id"]: server.get(f"/v1/sessions/{row['id']}")["gre"]["call_id"] for row in server.sessions()}
            assert all(session % WORKERS == call_id % WORKERS for session, call_id in owners.items())
            assert f'poptun_worker_sessions{{worker="1"}} {SESSIONS // WORKERS}\n' in server.get("/metrics")
            assert calls.wait(60).status == 0, calls.output
        packets = json.loads(figures.read_text())["packets"]
        assert packets["lost"] == 0 and packets["received"] == 4000, calls.output
        drops = server.get("/v1/status")["drops"]
        assert not {"ip_no_session", "gre_unknown_call"} & set(drops), drops
        assert f"workers={WORKERS}" in server.log


def test_sessions_of_both_are_ended_by_name_by_number_and_with_the_server(caller, poptun):
    with serve(caller, f"workers {WORKERS}") as server, load(caller, "--seconds", 60) as calls:
        lab.until(lambda: sum(shares(server)) == SESSIONS, 20, lambda: calls.output)
        for row in server.sessions()[:4]:
            assert server.request("DELETE", f"/v1/sessions/{row['id']}") == (200, {"ended": [row["id"]]})
        for row in server.sessions()[4:8]:
            assert server.request("DELETE", f"/v1/sessions/{row['user']}") == (200, {"ended": [row["id"]]})
        lab.until(lambda: sum(shares(server)) == SESSIONS - 8, 10, "eight less")
        assert server.request("POST", "/v1/reload")[0] == 200
        assert server.stop() == 0
        assert server.log.count("server shutdown") >= SESSIONS - 8
        assert "stopped" in server.log


def test_after_a_kill_a_new_start_serves_with_other_workers(caller, poptun):
    with serve(caller, f"workers {WORKERS}") as server:
        with load(caller, "--seconds", 60):
            lab.until(lambda: sum(shares(server)) == SESSIONS, 20, "all are up")
            server.stop(signal.SIGKILL)
        server.write("pptpd.conf", [*server.config.read_text().replace(f"workers {WORKERS}", "workers 3").splitlines()])
        server.start()
        with load(caller, "--seconds", 60) as calls:
            lab.until(lambda: sum(shares(server)) == SESSIONS, 20, lambda: calls.output)
            assert sorted(shares(server)) == [13, 13, 14]


def test_without_the_right_to_steer_one_worker_serves_and_says_why(caller, poptun):
    server = serve(caller, f"workers {WORKERS}")
    server.spawn = lambda: caller.server.spawn("setpriv", "--bounding-set", "-bpf,-sys_admin", lab.POPTUN, "serve",
                                               "-c", server.config)
    with server:
        with load(caller, "--seconds", 60) as calls:
            lab.until(lambda: sum(shares(server)) == SESSIONS, 20, lambda: calls.output)
            assert shares(server) == [SESSIONS]
        warnings = server.get("/v1/status")["warnings"]
        assert any("one worker serves, not 2" in warning and "bpf(2)" in warning for warning in warnings), warnings
        assert "one worker serves, not 2" in server.log


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
