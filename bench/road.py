"""A bad road: a namespace between two ends of a line, where chance loses, delays and doubles packets.

    client, wire ── west ═ road ═ east ── wireN, server       nftables' ingress hook sends out by one end what came in by the
                      ╲ TAPs ╱                                other; some of it takes a detour by a TAP and comes later

No tc netem is needed. What takes the detour waits for a process to be woken, some 50 to 500 microseconds: others overtake it.
"""
import contextlib
import fcntl
import heapq
import itertools
import os
import random
import re
import select
import socket
import struct
import subprocess
import sys
import time

from street import lab

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000


class Road:
    """Made by a Street for each line, as its `line`; what is late is so by up to hold_us, and the time a process takes to
    wake. Chances are in a thousand packets of each direction, and may be changed any time."""

    def __init__(self, street, number, hold_us=0):
        self.space = street.enter_context(lab.Namespace(f"road{number}"))
        lab.cable(self.space, "west", street.clients[number], "wire")
        lab.cable(self.space, "east", street.server, f"wire{number}")
        self.space.sysctl("net.ipv6.conf.default.disable_ipv6", 1)  # the TAPs say nothing of their own
        detour = street.spawn(self.space, "chrt", "--fifo", "1", sys.executable, __file__, hold_us)
        detour.await_line("ready")
        self.chances()

    def chances(self, lost=0, late=0, twice=0):
        def chain(here, there):
            # numgen says 0 … 999: the first of them are lost, the next late, the next doubled.
            late_until, twice_until = lost + late, lost + late + twice
            lines = [f"type filter hook ingress device {here} priority 0;"]
            if twice_until:
                lines.append("meta mark set numgen random mod 1000")
            lines += [f"meta mark < {lost} counter drop"] if lost else []
            lines += [f"meta mark < {late_until} counter fwd to d{here}"] if late else []
            lines += [f"meta mark < {twice_until} counter dup to {there}"] if twice else []
            return f"chain {here} {{ {chr(10).join(lines)}\n counter fwd to {there}\n}}"
        self.space.nft(f"table netdev road\ndelete table netdev road\n"
                       f"table netdev road {{\n{chain('west', 'east')}\n{chain('east', 'west')}\n}}")

    def counts(self):
        """Packets since chances() was called: lost, late, twice, and all that were not lost or late."""
        found = {"drop": 0, "fwd to d": 0, "dup to": 0, "fwd to": 0}
        for packets, verb in re.findall(r"counter packets (\d+) bytes \d+ (drop|fwd to d|dup to|fwd to)",
                                        self.space.run("nft", "list", "table", "netdev", "road").replace('"', "")):
            found[verb] += int(packets)
        return dict(zip(("lost", "late", "twice", "rest"), found.values()))


def detour(hold_us):
    """In the road's namespace: what comes out of one TAP leaves by the other end, up to hold_us later."""
    ways, waiting, numbers = {}, [], itertools.count()
    for here, there in (("west", "east"), ("east", "west")):
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", f"d{here}".encode(), IFF_TAP | IFF_NO_PI))
        subprocess.run(["ip", "link", "set", f"d{here}", "up", "mtu", "9000"], check=True)
        ways[tap] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        ways[tap].bind((there, 0))
    print("ready", flush=True)
    while True:
        wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for tap in select.select(list(ways), [], [], wait)[0]:
            due = time.monotonic() + random.random() * hold_us / 1e6
            heapq.heappush(waiting, (due, next(numbers), ways[tap], os.read(tap, 65536)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, out, frame = heapq.heappop(waiting)
            with contextlib.suppress(OSError):  # its queue is full: lost, as on any road
                out.send(frame)


if __name__ == "__main__":
    detour(int(sys.argv[1]))
