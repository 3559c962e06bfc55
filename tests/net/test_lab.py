#!/usr/bin/python3
"""The measure measured: Debian's own client and server, in the same town that ours are tested in.

      g1 10.99.0.2 (pptp-linux) ─ lab0 ─ server 10.99.0.1 (pptpd, in a guest)

Where one of these fails, the lab is broken, not poptun.
"""
import sys

import pytest

import lab


@pytest.fixture
def street(images):
    """A bridge for two guests, and nothing else."""
    with lab.Namespace("street") as street:
        street.ip("link add lab0 type bridge")
        street.ip("link set lab0 up")
        yield street


def test_debian_calls_debian(street):
    with lab.DebianServer(street), \
            lab.Capture(street, "lab0", "proto gre") as capture, \
            lab.Guest(street, "/lab/pptp-client", "-e", "128", "10.99.0.1", address="10.99.0.2/24") as guest:
        guest.wait()
        assert guest.status == 0, guest.output
        assert " 0% packet loss" in guest.output
    assert len(capture.packets()) > 20


def test_a_guests_exit_status_is_its_commands(street):
    with lab.Guest(street, "sh", "-c", "echo hello; exit 7", address="10.99.0.2/24") as guest:
        guest.wait()
        assert guest.status == 7, guest.output
        assert "hello" in guest.output


def test_a_guest_is_ended_at_its_time_limit(street):
    with lab.Guest(street, "sleep", "60", address="10.99.0.2/24", seconds=6) as guest:
        guest.wait()
        assert guest.status == 124, guest.output
    assert not street.run("ip", "-o", "link", "show", "type", "tun").strip(), "its TAP is still there"


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
