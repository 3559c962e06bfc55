#!/usr/bin/python3
"""Two clients behind one NAT, which rewrites call ids (the kernel's PPTP helper): tests/lab/nat-net.sh.

      lan: g1 10.97.0.1, g2 10.97.0.2 ─ lab0 ─ nat 10.97.0.254 ┆ 10.98.0.254 ─ lab0 10.98.0.1 wan: poptun serve
"""
import os
import re
import sys

import pytest

import lab

SERVER = "10.98.0.1"


class Street(lab.Namespace):
    """One that nat-net.sh made, and will remove."""

    def __init__(self, name):
        self.name = name


@pytest.fixture
def sides(images):
    """The clients' side and the server's."""
    name = f"poptun-{os.getpid()}-{next(lab._numbers)}"
    lab.sh(lab.LAB / "nat-net.sh", "up", name)
    try:
        yield Street(f"{name}-lan"), Street(f"{name}-wan")
    finally:
        lab.sh(lab.LAB / "nat-net.sh", "down", name)


def client(lan, number):
    return lab.Guest(lan, "/lab/pptp-client", "-u", f"testvpn{number}", "-c", "ping -n -q -c 20 -i 0.2 $REMOTE", SERVER,
                     address=f"10.97.0.{number}/24", gateway="10.97.0.254", tap=f"g{number}")


def test_two_clients_behind_one_nat(sides, poptun):
    lan, wan = sides
    with lab.Server(wan) as server, client(lan, 1) as one, client(lan, 2) as two:
        for guest in (one, two):
            guest.wait()
            assert guest.status == 0, guest.output
            assert "20 packets transmitted, 20 received" in guest.output, guest.output
        addresses = {re.search(r"ppp0 (\S+) ->", guest.output)[1] for guest in (one, two)}
        assert len(addresses) == 2, addresses
        assert server.stop() == 0


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
