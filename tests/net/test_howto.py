#!/usr/bin/python3
"""The administrator with a how-to in hand: its three files in /etc, literally; and no files at all.

      g1 10.99.0.2 (pptp-linux) ─ lab0 10.99.0.1 poptun serve ┆ out 203.0.113.1 ─ site 203.0.113.2
"""
import re
import sys

import pytest

import lab

CONF = """option   /etc/ppp/pptpd-option
debug
localip 192.168.10.1
remoteip 192.168.10.100-200
"""
OPTIONS = """ms-dns 8.8.8.8
ms-dns 114.114.114.114
"""
SECRETS = """# Secrets for authentication using CHAP
# client\tserver\tsecret\tIP addresses
testvpn1    pptpd    test123   *
"""
FILES = {"pptpd.conf": CONF, "ppp/pptpd-options": OPTIONS, "ppp/chap-secrets": SECRETS}
MENDED = FILES | {"pptpd.conf": CONF.replace("pptpd-option\n", "pptpd-options\n")}


def refusal(town, files):
    """What a server says that does not start, its exit status being 1; nothing of it may be left."""
    before = town.server.state()
    with pytest.raises(RuntimeError, match="ended with status 1") as refused:
        with lab.BareServer(town.server, files):
            pass
    assert town.server.state() == before
    return str(refused.value)


def test_the_howto_as_printed_is_an_error_that_names_the_line_and_the_near_name(town, poptun):
    said = refusal(town, FILES)
    assert "/etc/pptpd.conf:1" in said
    assert "/etc/ppp/pptpd-options" in said.replace("pptpd-option:", "")


def test_the_howto_with_its_letter_mended_serves(town, poptun):
    with lab.BareServer(town.server, MENDED) as server:
        guest = town.call("-c", lab.script(lab.ROUTE, lab.PING, lab.fetch()))
        assert guest.status == 0, guest.output
        assert re.search(r"ppp0 192\.168\.10\.\d+ -> 192\.168\.10\.1 mtu \d+ dns 8\.8\.8\.8 114\.114\.114\.114", guest.output)
        assert "fetched 400000" in guest.output
        assert server.stop() == 0, server.log


@pytest.mark.parametrize("line, expected", [
    ("remoteip 192.168.10.300", "pptpd.conf:5"),
    ("localip", "pptpd.conf:5"),
    ("connections many", "pptpd.conf:5"),
])
def test_a_wrong_line_is_named_and_nothing_starts(town, poptun, line, expected):
    assert expected in refusal(town, MENDED | {"pptpd.conf": MENDED["pptpd.conf"] + line + "\n"})


def test_an_unknown_word_is_a_warning_with_the_nearest_known_one(town, poptun):
    with lab.BareServer(town.server, MENDED | {"pptpd.conf": MENDED["pptpd.conf"] + "conections 50\n"}) as server:
        assert re.search(r"pptpd\.conf:5.*conections.*connections", server.log), server.log


def test_no_files_at_all_are_a_configuration_too(town, poptun):
    """One user with a random password, printed at each start, the same after the next; kept 0600."""
    with lab.BareServer(town.server) as server:
        lines = server.log
        user = re.search(r"user[= ]\"?([\w-]+)", lines)[1]
        password = re.search(r"password[= ]\"?([\w-]+)", lines)[1]
        assert len(password) >= 10, "a random one"
        kept = [path for path in server.file("/var/lib/poptun").iterdir() if path.is_file()]
        assert kept and all(path.stat().st_mode & 0o777 == 0o600 for path in kept)
        guest = town.call("-u", user, "-p", password)
        assert guest.status == 0, guest.output


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
