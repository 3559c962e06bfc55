"""What the tests in namespaces stand on: namespaces, cables, guests with Debian's PPTP software, our server.

Everything is a context manager, is made by the test, and is gone after it. Nothing outside the namespaces changes.

    with Town() as town, Server(town.server) as server:
        guest = town.call("-e", "128")            # boots a guest, runs /lab/pptp-client there, waits
        assert guest.status == 0, guest.output
"""
import contextlib
import fcntl
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
LAB = TOP / "tests/lab"
POPTUN = pathlib.Path(os.environ.get("POPTUN", TOP / "build/poptun"))
os.environ.setdefault("LAB_CACHE", "/var/cache/poptun-lab")
_numbers = itertools.count(1)


def sh(*command, check=True, timeout=60, **more):
    """Runs a command; returns its output, both streams. A failure says what it printed."""
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=more.pop("stderr", subprocess.STDOUT),
                          text=True, timeout=timeout, **more)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr or ''}")
    return done.stdout


def until(condition, seconds, what):
    """Waits for condition() to give something true, and returns that; what: said where it does not come."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return value


class Process:
    """A program whose output (both streams) goes to a file that can be read at any time."""

    def __init__(self, *command):
        self.file = tempfile.NamedTemporaryFile(prefix="poptun-out-")
        self.child = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=self.file,
                                      stderr=subprocess.STDOUT)

    @property
    def output(self):
        return pathlib.Path(self.file.name).read_text(errors="replace")

    @property
    def status(self):
        """Exit status; None while it runs."""
        return self.child.poll()

    def wait(self, seconds):
        self.child.wait(seconds)
        return self

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Sends the signal, awaits the end; SIGKILL where that takes too long. Returns the exit status."""
        if self.child.poll() is None:
            self.child.send_signal(number)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise TimeoutError(f"still there {seconds} s after signal {number}:\n{self.output}") from None
        return self.child.returncode

    def await_line(self, pattern, seconds=10):
        """Waits for a match of the regular expression in the output."""
        def look():
            match = re.search(pattern, self.output, re.M)
            if not match and self.status is not None:
                raise RuntimeError(f"ended with status {self.status} without {pattern!r}:\n{self.output}")
            return match
        return until(look, seconds, lambda: f"{pattern!r} in:\n{self.output}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(TimeoutError):
            self.stop()
        self.file.close()


class Terminal:
    """A program at a terminal of its own; what it shows there is `seen`, octets."""

    def __init__(self, *command, environment=None):
        self.ours, theirs = os.openpty()
        self.seen = b""
        os.set_blocking(self.ours, False)
        self.child = subprocess.Popen([*map(str, command)], stdin=theirs, stdout=theirs, stderr=theirs,
                                      start_new_session=True, env=environment,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)

    def look(self):
        with contextlib.suppress(BlockingIOError, OSError):  # OSError: it has ended
            while more := os.read(self.ours, 4096):
                self.seen += more
        return self.seen

    def await_text(self, pattern, seconds=10):
        """Waits for a match of the regular expression."""
        return until(lambda: re.search(pattern, self.look()), seconds, lambda: f"{pattern} in {self.seen}")

    def echoes(self):
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def type(self, octets):
        os.write(self.ours, octets)

    def wait(self, seconds):
        """Exit status."""
        def ended():
            self.look()  # else it stands still when the terminal is full
            return self.child.poll() is not None
        until(ended, seconds, lambda: f"its end: {self.seen}")
        self.look()
        return self.child.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.ours)


class Namespace:
    """A network namespace with a name of its own; lo is up."""

    def __init__(self, label):
        self.name = f"poptun-{os.getpid()}-{next(_numbers)}-{label}"

    def __enter__(self):
        sh("ip", "netns", "add", self.name)
        self.ip("link set lo up")
        return self

    def __exit__(self, *_):
        # Whoever still runs in here was started by the test.
        for pid in sh("ip", "netns", "pids", self.name, check=False).split():
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(pid), signal.SIGKILL)
        sh("ip", "netns", "delete", self.name)

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command, **more):
        return sh(*self.command(*command), **more)

    def spawn(self, *command):
        return Process(*self.command(*command))

    def ip(self, words):
        # Apart: while another test deletes its namespace, ip may have a word to say about that one.
        return sh("ip", "-n", self.name, *words.split(), stderr=subprocess.PIPE)

    def nft(self, text):
        return self.run("nft", "-f", "-", input=text)

    def sysctl(self, name, value=None):
        if value is not None:
            self.run("sysctl", "-qw", f"{name}={value}")
        return self.run("sysctl", "-n", name).strip()

    def state(self):
        """What a server may change here and must undo, as text to be compared: nothing that counts or ages by itself.

        ip_forward is not of it: it stays on while another forwarder is in sight, as the town's bridge is.
        """
        return "\n".join([
            *sorted(line.split(":")[1].strip() for line in self.ip("-o link").splitlines() if "link/ether" not in line),
            re.sub(r"^\d+: ", "", self.ip("-4 -o address"), flags=re.M),
            self.ip("-4 route show table all").replace(" linkdown", ""),  # a bridge whose last guest has gone
            self.ip("rule"),
            self.ip("neighbour show proxy"),
            # Whoever reads a ring has a table that dies with it, under a number of its own.
            re.sub(r"(?<=_taken_)\d+", "N", self.run("nft", "-s", "list", "ruleset")),
            self.sysctl("net.ipv6.conf.all.forwarding"),
        ])


def cable(a, a_end, b, b_end):
    """A veth pair between namespaces a and b, both ends up."""
    sh("ip", "-n", a.name, "link", "add", a_end, "type", "veth", "peer", "name", b_end, "netns", b.name)
    a.ip(f"link set {a_end} up")
    b.ip(f"link set {b_end} up")


class Guest(Process):
    """A User Mode Linux guest that runs one command (tests/lab/run-guest.sh); `status` is that command's."""

    def __init__(self, namespace, *command, address, gateway="", suite="bookworm", tap="g1", share=None, seconds=90):
        more = ["-d", share] if share else []
        interface = ",".join(filter(None, (tap, address, gateway)))
        super().__init__(LAB / "run-guest.sh", "-s", suite, "-n", namespace.name, "-i", interface, "-t", seconds,
                         *more, "--", *command)
        self.seconds = seconds

    def wait(self, seconds=None):
        return super().wait(seconds or self.seconds + 10)


class DebianServer:
    """Debian's pptpd and pppd in a guest: the other end for our client, and the measure of the tests themselves."""

    numbers = itertools.count(1)

    def __init__(self, namespace, *arguments, address="10.99.0.1/24", suite="bookworm"):
        self.arguments = namespace, "/lab/pptp-server", *arguments
        # A device of its own for each: one that had the name of a device just deleted stayed without a link to its guest.
        self.options = {"address": address, "suite": suite, "tap": f"server{next(self.numbers)}", "seconds": 300}

    def __enter__(self):
        self.share = pathlib.Path(tempfile.mkdtemp(prefix="poptun-share-"))
        self.guest = Guest(*self.arguments, share=self.share, **self.options)
        until(lambda: (self.share / "ready").exists(), 60, lambda: f"pptpd:\n{self.guest.output}")
        return self

    def kill(self):
        """As by a power cut: no word to anybody."""
        self.guest.stop()

    def __exit__(self, *_):
        (self.share / "stop").touch()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.guest.wait(20)
        self.guest.__exit__()
        shutil.rmtree(self.share)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=5)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


USERS = tuple(f"testvpn{number} pptpd test123 *" for number in range(1, 9))


class Server:
    """build/poptun serve -c FILE in a namespace, with files of its own.

    conf: further lines of pptpd.conf; options: lines of the options file; secrets: lines of chap-secrets.
    The interface, pool and listening address may be chosen, so that two can share a namespace.
    """

    def __init__(self, namespace, conf=(), options=(), secrets=USERS, interface="pptp0", pool="192.168.10"):
        self.namespace, self.interface = namespace, interface
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="poptun-serve-"))
        self.config, self.socket = self.directory / "pptpd.conf", self.directory / "poptun.sock"
        self.write("chap-secrets", secrets).chmod(0o600)
        self.write("pptpd-options", ("ms-dns 8.8.8.8", "ms-dns 114.114.114.114", *options))
        self.write("pptpd.conf", (
            f"option {self.directory}/pptpd-options",
            "debug",
            f"localip {pool}.1",
            f"remoteip {pool}.100-200",
            f"chap-secrets {self.directory}/chap-secrets",
            f"control-socket {self.socket}",
            f"run-directory {self.directory}/run",
            f"interface {interface}",
            *conf,
        ))
        self.process = None

    def write(self, name, lines):
        path = self.directory / name
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def spawn(self):
        return self.namespace.spawn(POPTUN, "serve", "-c", self.config)

    def start(self):
        """Starts it and waits until it answers on its control socket."""
        self.process = self.spawn()

        def answers():
            if self.process.status is not None:
                raise RuntimeError(f"poptun serve ended with status {self.process.status}:\n{self.log}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("/v1/status")
        until(answers, 15, lambda: f"an answer on {self.socket}; its log:\n{self.log}")
        return self

    def stop(self, number=signal.SIGTERM):
        return self.process.stop(number)

    @property
    def log(self):
        return self.process.output if self.process else ""

    def await_log(self, pattern, seconds=10):
        return self.process.await_line(pattern, seconds)

    def request(self, method, path):
        """Status and body (parsed where it is JSON) of one request on the control socket."""
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read().decode()
            if "json" in answer.headers.get("Content-Type", ""):
                body = json.loads(body)
            return answer.status, body
        finally:
            connection.close()

    def get(self, path):
        status, body = self.request("GET", path)
        assert status == 200, f"GET {path}: {status} {body}"
        return body

    def sessions(self):
        """The list of sessions, each a dictionary."""
        body = self.get("/v1/sessions")
        return body["sessions"] if isinstance(body, dict) else body

    def command(self, *words, check=True):
        """Runs another of poptun's commands in the server's namespace, against the same configuration."""
        return self.namespace.run(POPTUN, *words, "-c", self.config, check=check)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process:
            with self.process:
                # pytest shows it where the test failed.
                print(f"--- log of poptun ({self.namespace.name}) ---\n{self.log}", file=sys.stderr)
        shutil.rmtree(self.directory, ignore_errors=True)


# In the mount namespace that `ip netns exec` makes: another /etc, and empty /run and /var/lib.
MASK = 'mount --bind "$1" /etc && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && shift && exec "$@"'


class BareServer(Server):
    """poptun serve as on a machine of its own: it finds its files in /etc, writes to /run and /var/lib.

    files: name under /etc: text. The machine's own directories are covered, not touched.
    """

    def __init__(self, namespace, files=(), arguments=()):
        self.namespace, self.process, self.arguments = namespace, None, arguments
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="poptun-etc-"))
        shutil.copytree("/etc", self.directory, symlinks=True, dirs_exist_ok=True)
        for name in ("pptpd.conf", "ppp"):
            sh("rm", "-rf", self.directory / name)
        for name, text in dict(files).items():
            path = self.directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    @property
    def socket(self):
        return f"/proc/{self.process.child.pid}/root/run/poptun/poptun.sock"

    def spawn(self):
        return self.namespace.spawn("sh", "-c", MASK, "sh", self.directory, POPTUN, "serve", *self.arguments)

    def file(self, path):
        """A file as the server sees it."""
        return pathlib.Path(f"/proc/{self.process.child.pid}/root{path}")


class Capture:
    """tcpdump on one interface; packets() gives scapy's packets, after the end or before."""

    def __init__(self, namespace, interface, expression=""):
        self.path = tempfile.NamedTemporaryFile(prefix="poptun-", suffix=".pcap")
        self.tcpdump = namespace.spawn("tcpdump", "-Z", "root", "-n", "-U", "--immediate-mode", "-s0", "-i", interface, "-w",
                                       self.path.name, *expression.split())

    def __enter__(self):
        self.tcpdump.await_line("listening on")
        return self

    def __exit__(self, *_):
        time.sleep(0.2)  # what the kernel still holds
        self.tcpdump.stop(signal.SIGINT)

    def packets(self):
        from scapy.utils import PcapReader
        with PcapReader(self.path.name) as reader:
            return list(reader)


PYTHON = "/usr/bin/python3"

# A port for each direction: who comes to an iperf3 -s that is just done with another is sent away now and then.
THERE, BACK = "-p 5201", "-p 5202 -R"

# A site's own little servers: UDP echo on port 53, and on TCP port 80 400 KB to whoever connects.
SITE = r"""
import socket, threading
def echo():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 53))
    while True:
        data, peer = s.recvfrom(65535); s.sendto(data, peer)
def serve(s):
    while True:
        c, _ = s.accept()
        threading.Thread(target=send, args=(c,), daemon=True).start()
def send(c):
    with c:
        try:
            c.sendall(b"x" * 400000); c.shutdown(socket.SHUT_WR); c.recv(1)
        except OSError:
            pass
s = socket.create_server(("", 80), reuse_port=True)
threading.Thread(target=echo, daemon=True).start()
print("ready", flush=True)
serve(s)
"""


class Town:
    """
      guests (TAPs g1, g2, …)         server                                   site
      10.99.0.2/24, .3, … ─ lab0 (bridge) 10.99.0.1/24 ┆ out 203.0.113.1/24 ─ in 203.0.113.2/24

    The site knows no way back to the pool: it answers only to addresses of 203.0.113.0/24. On it run an echo of UDP
    port 53, 400 KB on TCP port 80, and iperf3 (THERE, BACK).
    """
    SERVER, SITE = "10.99.0.1", "203.0.113.2"

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.server, self.site = Namespace("server"), Namespace("site")

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for namespace in (self.server, self.site):
                stack.enter_context(namespace)
            # Its own address: else a bridge takes that of its lowest port, and a guest that joins can change
            # it, after which the others speak to nobody until their ARP entries are old.
            self.server.ip("link add lab0 address 02:00:0a:63:00:01 type bridge")
            self.server.ip("link set lab0 up")
            self.server.ip(f"address add {self.SERVER}/24 dev lab0")
            cable(self.server, "out", self.site, "in")
            self.server.ip("address add 203.0.113.1/24 dev out")
            self.site.ip(f"address add {self.SITE}/24 dev in")
            servers = stack.enter_context(self.site.spawn(PYTHON, "-c", SITE))
            servers.await_line("ready")
            for port in (5201, 5202):
                server = self.site.spawn("iperf3", "-s", "--forceflush", "-p", port)
                stack.enter_context(server).await_line("listening")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def guest(self, *command, number=1, **more):
        """A guest at 10.99.0.(number + 1), which runs `command`. Ends with the town at the latest."""
        return self.stack.enter_context(
            Guest(self.server, *command, address=f"10.99.0.{number + 1}/24", tap=f"g{number}", **more))

    def dial(self, *options, number=1, server=SERVER, **more):
        """A guest that calls the server with /lab/pptp-client and these options; does not wait for it."""
        return self.guest("/lab/pptp-client", *options, server, number=number, **more)

    def hear(self, expression, number=1):
        """Captures what a guest that boots sends and hears. Not at lab0: nobody there sees what leaves by a packet socket
        that goes past the queueing discipline, as the server's GRE does."""
        until(lambda: f"g{number}:" in self.server.ip("link show up"), 20, "the guest's device")
        return Capture(self.server, f"g{number}", expression)

    def call(self, *options, **more):
        """As dial, and waits for the end."""
        return self.dial(*options, **more).wait()


# Commands for pptp-client's -c: the way to the site through the tunnel, then what is to be proved.
ROUTE = "ip route add 203.0.113.0/24 dev $IFACE"
PING = "ping -n -q -c 5 -i 0.2 -W 15 203.0.113.2"
UDP = ("exec 3<>/dev/udp/203.0.113.2/53; printf %0512d 7 >&3; "
       "echo udp $(timeout 5 dd bs=2000 count=1 <&3 2>/dev/null | wc -c)")


def fetch(seconds=20):
    """The site's 400 KB: prints `fetched N`, the number of octets that came."""
    return f"echo fetched $(timeout {seconds} nc -d 203.0.113.2 80 | wc -c)"


def script(*commands):
    return "set -e; " + "; ".join(commands)
