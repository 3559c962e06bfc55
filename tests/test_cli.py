#!/usr/bin/python3
"""poptun's command line without a server and without a network: help, usage, users; pptpd's name."""
import os
import pathlib
import re
import stat
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent
POPTUN = pathlib.Path(os.environ.get("POPTUN", TOP / "build/poptun"))
COMMANDS = ("serve", "status", "sessions", "show", "disconnect", "user", "check", "reload")
DONE, FAILED, USAGE = 0, 1, 2

SECRETS = """# Secrets for authentication using CHAP
# client\tserver\tsecret\tIP addresses
testvpn1    pptpd    test123   *

 "anna b"   *   'x # y'   10.0.0.1    # anna's own
bert * @/etc/ppp/bert *
"""


def poptun(*words, input=""):
    """Exit status, standard output, standard error."""
    done = subprocess.run([POPTUN, *map(str, words)], input=input, text=True, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


def test_version():
    status, out, err = poptun("--version")
    assert (status, err) == (DONE, "") and re.fullmatch(r"poptun \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize("words", [["help"], ["--help"], ["-h"]])
def test_help_names_every_command(words):
    status, out, err = poptun(*words)
    assert (status, err) == (DONE, "")
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", out, re.M), out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    status, out, err = poptun(command, "--help")
    assert (status, err) == (DONE, "")
    assert out.startswith(f"usage: poptun {command} ") and "--conf" in out
    assert poptun("help", command) == (status, out, err)


@pytest.mark.parametrize("command", ["connect", "load"])
def test_a_clients_help_tells_of_its_options_and_of_what_a_server_allows(command):
    status, out, err = poptun(command, "--help")
    assert (status, err) == (DONE, "") and out.startswith(f"usage: poptun {command} HOST --user NAME ")
    source = (TOP / "src/client" / ("options.c" if command == "connect" else "load_options.c")).read_text()
    for option in re.findall(r'^\t\{"([a-z-]+)", (?!"", PASSWORD)', source, re.M):
        assert re.search(rf"^  --{option}( |$)", out, re.M), option
    most = re.search(r"LINES_WITHOUT_CALL = (\d+)", (TOP / "src/server/engine.h").read_text())[1]
    assert re.search(rf"each address have {most}\s+(control )?connections\s+without a call", out), out


@pytest.mark.parametrize("words", [
    [], ["frobnicate"], ["help", "frobnicate"], ["status", "--frobnicate"], ["status", "anna"], ["show"],
    ["show", "1", "2"], ["disconnect"], ["sessions", "-c"], ["check", "-x"], ["reload", "now"],
    ["serve", "--frobnicate"], ["user"], ["user", "frobnicate"], ["user", "add"], ["user", "remove"],
    ["user", "list", "anna"], ["user", "passwd", "a", "b"], ["status", "--fix"],
    ["user", "add", "x", "-r", "-p", "y", "-f", "/nonexistent/x"],
])
def test_wrong_usage_is_status_2_and_said_on_stderr(words):
    status, out, err = poptun(*words)
    assert (status, out) == (USAGE, "")
    assert "usage" in err or "one of" in err


@pytest.mark.parametrize("words", [["status"], ["sessions"], ["show", "1"], ["disconnect", "1"], ["reload"]])
def test_without_a_server_one_sentence_says_so(words, tmp_path):
    status, out, err = poptun(*words, "-s", tmp_path / "none.sock")
    assert (status, out) == (FAILED, "")
    assert err == (f"poptun: no poptun answers on {tmp_path}/none.sock: is it running? "
                   "try: systemctl status poptun\n")


def test_the_control_socket_is_taken_from_the_configuration(tmp_path):
    (tmp_path / "pptpd.conf").write_text(f"localip 10.9.0.1\nremoteip 10.9.0.2-9\ncontrol-socket {tmp_path}/here.sock\n")
    assert f"{tmp_path}/here.sock" in poptun("status", "-c", tmp_path / "pptpd.conf")[2]


@pytest.fixture
def secrets(tmp_path):
    path = tmp_path / "chap-secrets"
    path.write_text(SECRETS)
    path.chmod(0o640)
    return path


def user(secrets, *words, **more):
    return poptun("user", *words, "--file", secrets, **more)


def test_user_add_makes_up_a_password_and_prints_it_once(secrets):
    status, out, err = user(secrets, "add", "carl")
    assert (status, err) == (DONE, "")
    password = re.fullmatch(r"password: ([A-Za-z0-9]{16})\n", out)[1]
    assert secrets.read_text() == SECRETS + f"carl\t*\t{password}\t*\n"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o640, "the mode is kept"
    assert os.listdir(secrets.parent) == ["chap-secrets"]


def test_two_random_passwords_differ(secrets):
    assert user(secrets, "add", "c", "--random")[1] != user(secrets, "add", "d", "--random")[1]


def test_user_add_writes_what_was_given_and_nothing_else(secrets):
    assert user(secrets, "add", "carl c", "10.0.0.7", "10.0.0.8", "-p", 'a "b', "--server", "pptpd") == (DONE, "", "")
    assert secrets.read_text() == SECRETS + '"carl c"\tpptpd\t"a \\"b"\t10.0.0.7 10.0.0.8\n'


def test_a_password_may_come_from_a_file_or_the_standard_input(secrets, tmp_path):
    (tmp_path / "password").write_text("from-file\nsecond line\n")
    assert user(secrets, "add", "c", "--password-file", tmp_path / "password") == (DONE, "", "")
    assert user(secrets, "add", "d", "--password-file", "-", input="from-input\r\n") == (DONE, "", "")
    assert secrets.read_text() == SECRETS + "c\t*\tfrom-file\t*\nd\t*\tfrom-input\t*\n"
    status, out, err = user(secrets, "add", "e", "--password-file", tmp_path / "none")
    assert status == FAILED and "none" in err


def test_user_add_begins_a_file_that_only_its_owner_reads(tmp_path):
    assert user(tmp_path / "new", "add", "anna", "-p", "x")[0] == DONE
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert (tmp_path / "new").read_text() == "anna\t*\tx\t*\n"


@pytest.mark.parametrize("words, why", [
    (["add", "testvpn1", "--server", "pptpd"], "line 3"),
    (["add", "*"], "everybody"),
    (["add", "carl", "-p", "@/x"], "file's name"),
    (["add", "carl", "-p", ""], "password"),
    (["passwd", "bert"], "line 6"),
    (["passwd", "nobody"], "no user nobody"),
    (["remove", "nobody"], "no user nobody"),
    (["remove", "testvpn1", "--server", "other"], "no user testvpn1"),
])
def test_what_cannot_be_done_is_said_and_changes_nothing(secrets, words, why):
    before = secrets.stat()
    status, out, err = user(secrets, *words)
    assert (status, out) == (FAILED, "")
    assert err.startswith(f"poptun user: {secrets}: ") and why in err
    assert secrets.read_text() == SECRETS and secrets.stat().st_ino == before.st_ino


@pytest.mark.parametrize("word", ["list", "passwd", "remove"])
def test_a_missing_file_is_said(tmp_path, word):
    status, out, err = user(tmp_path / "none", word, *([] if word == "list" else ["anna"]))
    assert (status, out) == (FAILED, "") and "No such file" in err


def test_user_passwd_changes_one_word(secrets):
    assert user(secrets, "passwd", "anna b", "-p", "z") == (DONE, "", "")
    assert secrets.read_text() == SECRETS.replace("'x # y'", "z")


def test_user_remove_takes_one_line(secrets):
    assert user(secrets, "remove", "anna b") == (DONE, "", "")
    assert secrets.read_text() == "".join(line for line in SECRETS.splitlines(True) if "anna" not in line)


def test_user_list_shows_no_password(secrets):
    status, out, err = user(secrets, "list")
    assert (status, err) == (DONE, "")
    assert [line.split() for line in out.splitlines()] == [
        ["USER", "SERVER", "ADDRESSES"], ["testvpn1", "pptpd", "*"], ["anna", "b", "*", "10.0.0.1"], ["bert", "*", "*"]]


def test_the_secrets_file_is_taken_from_the_configuration(tmp_path, secrets):
    (tmp_path / "pptpd.conf").write_text(f"localip 10.9.0.1\nremoteip 10.9.0.2-9\nchap-secrets {secrets}\n")
    assert "testvpn1" in poptun("user", "list", "-c", tmp_path / "pptpd.conf")[1]


def test_check_names_every_fault_of_the_configuration_with_its_line(tmp_path):
    (tmp_path / "pptpd.conf").write_text("localip 10.9.0.1\nremoteip 10.9.0.300\nconnectoins 5\n")
    status, out, err = poptun("check", "-c", tmp_path / "pptpd.conf")
    assert status == FAILED
    assert re.search(rf"^error    {tmp_path}/pptpd.conf:2: ", out, re.M), out
    assert re.search(rf"^warning  {tmp_path}/pptpd.conf:3: .*connections", out, re.M), out


@pytest.fixture
def pptpd(tmp_path):
    """The same binary under pptpd's name."""
    (tmp_path / "pptpd").symlink_to(POPTUN.resolve())

    def run(*words):
        done = subprocess.run([tmp_path / "pptpd", *words], text=True, timeout=20, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr
    return run


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_pptpd_tells_its_version(pptpd, option):
    status, out, err = pptpd(option)
    assert (status, err) == (DONE, "") and "poptun" in out


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_pptpd_has_its_own_help(pptpd, option):
    status, out, err = pptpd(option)
    assert (status, err) == (DONE, "")
    for letter in "cdfhlopstv":
        assert re.search(rf"^  -{letter}, ", out, re.M), out


def test_pptpd_refuses_an_unknown_option(pptpd):
    status, out, err = pptpd("--frobnicate")
    assert (status, out) == (USAGE, "") and "frobnicate" in err


@pytest.mark.parametrize("foreground", [[], ["-f"]])
def test_pptpd_with_a_bad_configuration_says_so_and_is_status_1(pptpd, tmp_path, foreground):
    """In the background too: the starter waits until the server serves, or does not."""
    (tmp_path / "bad.conf").write_text("localip 10.9.0.1\nremoteip 10.9.0.300\n")
    status, out, err = pptpd(*foreground, "-c", tmp_path / "bad.conf", "-p", tmp_path / "pid")
    assert (status, out) == (FAILED, "")
    assert f"{tmp_path}/bad.conf:2" in err
    assert not (tmp_path / "pid").exists()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-v"]))
