#!/usr/bin/python3
"""Packets are taken in batches: what strace sees under load.

      g1 10.99.0.2 (the kernel's pptp.ko) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import re
import statistics
import sys

import pytest

import lab


def test_the_median_recvmmsg_brings_more_than_one_packet(town, poptun):
    """Where a guest is the only sender and a core is free, the server is awake before the second packet is made. So it
    gets only the time that others leave, as on a machine with much to do: packets wait then, and come together."""
    with lab.Server(town.server, conf=["gre-io raw"]) as server:
        lab.sh("chrt", "--idle", "--all-tasks", "--pid", "0", server.process.child.pid)
        guest = town.dial("-k", "-q", "-c", lab.script(lab.ROUTE, "echo all is well", f"iperf3 -c {town.SITE} -t 4 -P 8 -f m"))
        guest.await_line("all is well", 60)
        with lab.Process("strace", "-f", "-qq", "-e", "trace=recvmmsg", "-e", "signal=none", "-s", "0", "-p",
                         server.process.child.pid) as strace:
            guest.wait()
            strace.stop()
            brought = [int(number) for number in re.findall(r"recvmmsg.*\) = (\d+)(?: \(.*\))?$", strace.output, re.M)]
        assert guest.status == 0, guest.output
        assert len(brought) > 100, "it was not watched under load"
        assert statistics.median(brought) > 1, {n: brought.count(n) for n in sorted(set(brought))}
        status = server.get("/v1/status")
        assert status["receive_batch_mean"] > 1
        assert status["counters"]["keystreams_ahead"] > 0, "the session was hot, and found nothing made for it"
        assert server.stop() == 0


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
