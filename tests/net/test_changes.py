#!/usr/bin/python3
"""What changes while the server runs: its files, its users, who is up and who is down.

      g1, g2 10.99.0.2, .3 (pptp-linux) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import re
import signal
import sys

import pytest

import lab


def up(guest):
    """Waits until the guest's link stands and its pings are through; it stays so until end()."""
    guest.await_line(r"^all is well", 60)
    return guest


STAY = "echo all is well; until [ -e /share/end ]; do sleep 0.1; done; ping -n -q -c 3 -i 0.2 $REMOTE"


def stay(town, share, *options, **more):
    """A guest that calls and stays; after end(share) it pings once more, and goes."""
    return town.dial(*options, "-c", STAY, share=share, **more)


def end(share):
    (share / "end").touch()


def hang_up(server, reload=False):
    """SIGHUP, and waits for what the server says about it: True where the new files are in force."""
    seen = len(server.log)
    server.process.child.send_signal(signal.SIGHUP)
    lab.until(lambda: re.search(r"reload=done|reload: the new conf", server.log[seen:], re.M), 10, "an answer to SIGHUP")
    return "reload=done" in server.log[seen:]


def test_a_reload_takes_new_users_in_and_sessions_stay(town, poptun, tmp_path):
    with lab.Server(town.server) as server:
        good = server.config.read_text()
        first = up(stay(town, tmp_path))
        before, = server.sessions()

        server.config.write_text(good + "remoteip 192.168.10.300\n")
        line = good.count("\n") + 1
        assert not hang_up(server)
        server.await_log(rf"pptpd\.conf:{line}: .*remoteip")
        refused = town.server.run(lab.POPTUN, "reload", "-c", server.config, "--socket", server.socket, check=False)
        assert "old one stays in force" in refused, refused
        status, answer = server.request("POST", "/v1/reload")
        assert status >= 400, answer

        server.write("other-secrets", ["late * test123 *", "testvpn1 * test123 *"]).chmod(0o600)
        server.config.write_text(good.replace("/chap-secrets", "/other-secrets") + "mppe-bits 128\n")
        assert hang_up(server), server.log
        after, = server.sessions()
        assert after["id"] == before["id"] and after["address"] == before["address"]
        second = town.call("-u", "late", number=2)
        assert second.status == 0, second.output
        third = town.call("-u", "testvpn2", number=2)
        assert third.status == 19, "who is in no file any more is not let in"

        end(tmp_path)
        first.wait()
        assert first.status == 0, "the session that stood while the files changed"
        assert server.stop() == 0


def test_a_user_added_in_place_is_let_in_and_a_removed_one_is_not(town, poptun, tmp_path):
    """Nobody says reload: chap-secrets is read again when it was written to."""
    try_three_times = lab.script(
        "for n in 1 2 3; do until [ -e /share/$n ]; do sleep 0.1; done",
        "rm -f /run/lab/*; code=0; /lab/pptp-client -q -u new -p secret7 10.99.0.1 >/dev/null || code=$?; echo try $n: $code; done")
    with lab.Server(town.server) as server:
        guest = town.guest("bash", "-c", try_three_times, share=tmp_path)

        def attempt(number):
            (tmp_path / str(number)).touch()
            return int(guest.await_line(rf"^try {number}: (\d+)", 40)[1])

        assert attempt(1) == 19, "not known yet"
        with (server.directory / "chap-secrets").open("a") as secrets:
            secrets.write("new pptpd secret7 *\n")
        server.await_log(r"secrets=read users=9")
        assert attempt(2) == 0
        server.command("user", "remove", "new")
        lab.until(lambda: server.log.count("secrets=read users=8") == 2, 10, server.log)
        assert attempt(3) == 19
        guest.wait()


def test_ip_up_and_ip_down_are_called_with_pppds_words(town, poptun, tmp_path):
    hook = tmp_path / "hook"
    hook.write_text(f"""#!/bin/sh
{{ echo "$(basename "$0")"; for word; do echo "[$word]"; done; env | sort; echo end; }} >>{tmp_path}/told
""")
    hook.chmod(0o755)
    for name in ("up", "down"):
        (tmp_path / name).symlink_to(hook)
    options = [f"ip-up-script {tmp_path}/up", f"ip-down-script {tmp_path}/down", "set SHOP=7"]
    told = tmp_path / "told"
    with lab.Server(town.server, options=options) as server:
        guest = town.call()
        assert guest.status == 0, guest.output
        lab.until(lambda: told.exists() and told.read_text().count("end\n") == 2, 10, "both hooks")
        assert server.stop() == 0
    up_words, down_words = (part.splitlines() for part in told.read_text().split("end\n")[:2])
    address = re.search(r"ppp0 (\S+) ->", guest.output)[1]
    words = ["[pptp0]", "[]", "[115200]", "[192.168.10.1]", f"[{address}]", "[10.99.0.2]"]
    assert up_words[:7] == ["up", *words]
    assert down_words[:7] == ["down", *words]
    for lines in (up_words, down_words):
        for expected in ("PEERNAME=testvpn1", "IPLOCAL=192.168.10.1", f"IPREMOTE={address}", "IFNAME=pptp0", "SHOP=7",
                         "DNS1=8.8.8.8", "DNS2=114.114.114.114"):
            assert expected in lines, lines
    account = dict(line.split("=", 1) for line in down_words if "=" in line)
    # Five pings of 84 octets and five of 1328 each way, at least.
    assert int(account["BYTES_RCVD"]) >= 7060 and int(account["BYTES_SENT"]) >= 7060
    assert 1 <= int(account["CONNECT_TIME"]) < 60
    assert not any("test123" in line for line in up_words + down_words)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
