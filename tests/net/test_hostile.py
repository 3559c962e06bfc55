#!/usr/bin/python3
"""Strangers who mean no good, while a real client is online.

      g1, g2 10.99.0.2, .3 (pptp-linux) ─ lab0 10.99.0.1 poptun serve
      thief 10.99.0.66 (raw sockets) ────┘

The client that is online must not notice, another must get in meanwhile, and the server's memory must stay bounded.
"""
import re
import sys

import pytest

import lab

# Programs for the thief: each runs until it is killed, and says "going" once it has begun in earnest.
START = r"""
import os, random, select, socket, struct, sys, time
random.seed(7)
server, victim = "10.99.0.1", "10.99.0.2"
COOKIE = 0x1A2B3C4D
def message(kind, body, length=None, cookie=COOKIE):
    return struct.pack("!HHIHH", length or 12 + len(body), 1, cookie, kind, 0) + body
request = message(1, struct.pack("!HHIIHH64s64s", 0x100, 0, 3, 3, 0, 0, b"thief", b"thief"))
call = message(7, struct.pack("!HHIIIIHHHH64s64s", 7, 1, 300, 10**9, 3, 3, 64, 0, 0, 0, b"", b""))
def dial():
    s = socket.socket()
    s.settimeout(2)
    s.connect((server, 1723))
    return s
def said(n, more=[0]):
    more[0] += 1
    if more[0] == n:
        print("going", flush=True)
"""

PROGRAMS = {
    # Whatever bytes: random ones, wrong cookies, wrong lengths, good messages cut off or out of place, octet by octet.
    "garbage-on-1723": r"""
pieces = [
    lambda: os.urandom(random.randrange(1, 3000)),
    lambda: message(1, os.urandom(144), cookie=1),
    lambda: message(1, os.urandom(144), length=random.choice([0, 1, 11, 12, 13, 65535])),
    lambda: request[:random.randrange(1, 156)],
    lambda: call,
    lambda: request + b"".join(message(random.randrange(0, 20), os.urandom(random.randrange(0, 300)))
                               for _ in range(20)),
    lambda: request + call * 50,
    lambda: request + message(15, os.urandom(12)) * 100,
]
while True:
    try:
        with dial() as s:
            data = random.choice(pieces)()
            if random.random() < .2:
                for octet in data[:200]:
                    s.send(bytes([octet]))
            else:
                s.sendall(data)
            if random.random() < .5:
                s.recv(4096)
    except OSError:
        pass
    said(100)
""",
    # As many connections as it can have, which say nothing or half of a message, and are dialled anew when cut.
    "half-open-connections": r"""
lines = []
while True:
    try:
        s = dial()
        s.send(request[:random.choice([0, 1, 100])])
        s.setblocking(False)
        lines.append(s)
    except OSError:
        pass
    said(400)
    if len(lines) > 900:
        lines.pop(0).close()
    time.sleep(.001)
""",
    # Calls that are asked for and then left alone, as many as the server has room for.
    "calls-without-gre": r"""
lines = []
while True:
    try:
        s = dial()
        s.sendall(request + call)
        s.setblocking(False)
        lines.append(s)
    except OSError:
        pass
    said(200)
    if len(lines) > 900:
        lines.pop(0).close()
    time.sleep(.005)
""",
    # GRE that belongs to nobody, from the thief's own address and from made-up ones.
    "gre-garbage": r"""
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
while True:
    source = random.choice(["10.99.0.66", "10.99.0.%d" % random.randrange(70, 250)])
    body = random.choice([
        lambda: os.urandom(random.randrange(0, 1400)),
        lambda: struct.pack("!BBHHHII", 0x30, 0x81, 0x880B, random.randrange(65536), random.randrange(65536),
                            random.randrange(2**32), random.randrange(2**32)) + os.urandom(random.randrange(0, 900)),
    ])()
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, 47, 0, socket.inet_aton(source),
                       socket.inet_aton(server))
    try:
        raw.sendto(head + body, (server, 0))
    except OSError:
        pass
    said(2000)
    time.sleep(.0005)
""",
    # GRE in the victim's name, with the right call id, and numbers near and far from those in use.
    "gre-in-the-victims-name": r"""
call_id, near = int(sys.argv[1]), int(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
while True:
    seq = random.choice([near + random.randrange(0, 100000), random.randrange(2**32)])
    ack = random.randrange(2**32)
    inner = random.choice([
        lambda: b"\x00\xfd" + struct.pack("!H", 0x9000 | random.randrange(4096)) + os.urandom(random.randrange(1, 900)),
        lambda: b"\xff\x03\x00\x21" + b"\x45" + os.urandom(60),
        lambda: os.urandom(random.randrange(1, 100)),
        lambda: b"",
    ])()
    body = struct.pack("!BBHHHII", 0x30, 0x81, 0x880B, len(inner), call_id, seq, ack) + inner
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, 47, 0, socket.inet_aton(victim),
                       socket.inet_aton(server))
    try:
        raw.sendto(head + body, (server, 0))
    except OSError:
        pass
    said(2000)
    time.sleep(.0005)
""",
}

PINGS = 150


@pytest.fixture
def thief(town):
    with lab.Namespace("thief") as thief:
        lab.cable(thief, "street", town.server, "thief")
        town.server.ip("link set thief master lab0")
        thief.ip("address add 10.99.0.66/24 dev street")
        yield thief


def resident_kib(server):
    with open(f"/proc/{server.process.child.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_real_client_does_not_notice(town, poptun, thief, name):
    with lab.Server(town.server) as server:
        first = town.dial("-c", f"echo all is well; ping -q -n -c {PINGS} -i 0.05 -W 1 $REMOTE")
        first.await_line("all is well", 60)
        before = resident_kib(server)
        gre = server.get(f"/v1/sessions/{server.sessions()[0]['id']}")["gre"]
        with thief.spawn(lab.PYTHON, "-c", START + PROGRAMS[name], gre["call_id"], gre["newest_received"]) as program:
            program.await_line("going", 60)
            second = town.call(number=2)
            assert program.status is None, program.output
            first.wait()
            grown = resident_kib(server) - before
        assert second.status == 0, second.output
        received = int(re.search(rf"{PINGS} packets transmitted, (\d+) received", first.output)[1])
        assert received >= PINGS - 3, first.output
        assert grown < 8192, f"{grown} KiB more"
        # Who floods the network does not flood the log.
        lines = [line for line in server.log.splitlines() if not line.startswith("debug:")]
        assert len(lines) < 6000, f"{len(lines)} lines in the log"
        assert server.stop() == 0, server.log


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
