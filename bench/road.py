"""A bad road: a namespace between two ends of a line, where chance loses, delays and doubles packets.

    client, wire ── west ═ road ═ east ── wireN, server       nftables' ingress hook sends out by one end what came in by the
                      ╲ TAPs ╱                                other; some of it takes a detour by a TAP and comes later

No tc netem is needed. What takes the detour waits for a process (detour.c) to be woken, some microseconds: others overtake it.
"""
import re

from street import lab

DETOUR = lab.POPTUN.parent / "bench/bench-detour"


class Road:
    """Made by a Street for each line, as its `line`; what is late is so by up to hold_us, and the time a process takes to
    wake. Chances are in a thousand packets of each direction, and may be changed any time."""

    def __init__(self, street, number, hold_us=0):
        self.space = street.enter_context(lab.Namespace(f"road{number}"))
        lab.cable(self.space, "west", street.clients[number], "wire")
        lab.cable(self.space, "east", street.server, f"wire{number}")
        self.space.sysctl("net.ipv6.conf.default.disable_ipv6", 1)  # the TAPs say nothing of their own
        detour = street.spawn(self.space, "chrt", "--fifo", "1", DETOUR, hold_us)
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
