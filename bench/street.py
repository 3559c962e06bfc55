"""What the programs here that need namespaces stand on: a street, poptun through it, and how it is measured.

    client 10.60.1.2 ── 10.60.1.1 server, inner 10.128.0.1 ── 10.60.2.1 ─── 10.60.2.2 other client …
      poptun connect      poptun serve, iperf3 -s                              poptun connect

Each line is a veth pair, or a road that loses and reorders (road.py). All of it is gone at the end.
"""
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/net"))
import lab  # noqa: E402

if not lab.POPTUN.exists():
    sys.exit(f"{lab.POPTUN} is not there: ./run build")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that namespaces and processes are cleared away

INNER, PASSWORD = "10.128.0.1", "bench-password"
TICK = os.sysconf("SC_CLK_TCK")


def outer(number, side="server"):
    """The outer address at either end of client `number`'s line, from 0."""
    return f"10.60.{number + 1}.{1 if side == 'server' else 2}"


class Street(contextlib.ExitStack):
    """The server's namespace and `clients` others; line(street, number) makes what joins the two of them (`lines`).

    cores: what `taskset -c` makes of whatever runs at the server's end, and at the clients'; None: all share all."""

    def __init__(self, clients=1, line=None, cores=None):
        super().__init__()
        self.count, self.line, self.cores = clients, line or Street.cable, cores
        self.lines, self.directory = [], pathlib.Path(tempfile.mkdtemp(prefix="poptun-bench-"))
        self.callback(shutil.rmtree, self.directory)

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.push(self)
            self.server = self.enter_context(lab.Namespace("server"))
            self.clients = [self.enter_context(lab.Namespace(f"client{n}")) for n in range(self.count)]
            for number, client in enumerate(self.clients):
                self.lines.append(self.line(self, number))
                self.server.ip(f"address add {outer(number)}/24 dev wire{number}")
                client.ip(f"address add {outer(number, 'client')}/24 dev wire")
                self.spawn(self.server, "iperf3", "-s", "--forceflush", "-p", 5201 + number).await_line("listening")
            undo.pop_all()
        return self

    def cable(self, number):
        lab.cable(self.server, f"wire{number}", self.clients[number], "wire")

    def placed(self, namespace, *words):
        """The words of a command for the cores of its end."""
        core = self.cores and self.cores[namespace is not self.server]
        return ("taskset", "-c", core, *words) if core else words

    def spawn(self, namespace, *words):
        """A process that ends with the street at the latest."""
        return self.enter_context(namespace.spawn(*self.placed(namespace, *words)))

    def where(self):
        if not self.cores:
            return "all processes share all cores"
        return f"the server's end (VPN and iperf3) on core {self.cores[0]}, the clients' on core {self.cores[1]}"


def cores_argument(parser):
    parser.add_argument("--cores", metavar="SERVER,CLIENT", type=lambda text: text.split(","),
                        help="put each end on cores of its own (default: all share all)")


class Tunnel(contextlib.ExitStack):
    """One VPN from client 0 to the server: `address` is the server's inside. Subclasses fill `processes`."""
    address, processes = INNER, ()

    def cpu_seconds(self):
        """Of the VPN's processes at both ends, with their children."""
        return sum(map(cpu_seconds, self.processes))

    def await_ping(self, namespace, address=None):
        lab.until(lambda: " 0% packet loss" in namespace.run("ping", "-qc1", "-W1", address or self.address, check=False),
                  20, "a ping through the tunnel")


def family(process):
    """Process ids: its own and its children's."""
    pids = [process.child.pid]
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def cpu_seconds(process):
    total = 0
    for pid in family(process):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICK


def machine_busy_seconds():
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / TICK


class Serve(lab.Server):
    """poptun serve for `sessions` at once, each with an address: caller1, … one for each client of the street, and user1, …
    for poptun load; no debug lines."""

    def __init__(self, street, sessions=1, conf=(), options=()):
        self.street, self.namespace, self.process = street, street.server, None
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="serve-", dir=street.directory))
        self.config, self.socket = self.directory / "pptpd.conf", self.directory / "poptun.sock"
        self.write("options", options)
        self.write("secrets", (f"{name}{n} * {PASSWORD} *" for name in ("caller", "user")
                               for n in range(1, sessions + 1))).chmod(0o600)
        last = f"10.128.{(sessions + 1) // 256}.{(sessions + 1) % 256}"
        self.write("pptpd.conf", (
            f"option {self.directory}/options", f"chap-secrets {self.directory}/secrets", f"localip {INNER}",
            f"remoteip 10.128.0.2-{last}", f"connections {sessions}", f"control-socket {self.socket}",
            f"run-directory {self.directory}/run", f"pidfile {self.directory}/pid", *conf))

    def spawn(self):
        return self.namespace.spawn(*self.street.placed(self.namespace, lab.POPTUN, "serve", "-c", self.config))

    def __exit__(self, kind=None, *_):
        if kind and self.process:
            print(f"--- the server's log, its end ---\n{self.log[-3000:]}", file=sys.stderr)
        if self.process:
            self.process.__exit__()

    def connect(self, number=0, *more):
        """poptun connect as caller `number` + 1 from client `number`; waits until it is up."""
        namespace = self.street.clients[number]
        process = namespace.spawn(*self.street.placed(
            namespace, "env", f"POPTUN_PASSWORD={PASSWORD}", lab.POPTUN, "connect", outer(number), "--user",
            f"caller{number + 1}", "--once", "--interface", "tunnel", *more))
        process.await_line("^up ", 20)
        return process

    def load(self, sessions, number, *more):
        """poptun load from client `number`, as users from 1 on; its figures come to `self.directory / "load.json"`."""
        namespace = self.street.clients[number]
        return namespace.spawn(*self.street.placed(
            namespace, "env", f"POPTUN_PASSWORD={PASSWORD}", lab.POPTUN, "load", outer(number), "--user", "user%d",
            "--sessions", sessions, "--rate", 2000, "--json", self.directory / "load.json", *more))


class Poptun(Tunnel):
    """poptun at both ends; mppe as `poptun connect` takes it."""

    def __init__(self, street, mppe="128", conf=()):
        super().__init__()
        self.street, self.mppe, self.conf = street, mppe, conf

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.push(self)
            self.server = self.enter_context(
                Serve(self.street, conf=self.conf, options=("nomppe",) if self.mppe == "off" else ()))
            self.client = self.enter_context(self.server.connect(0, "--mppe", self.mppe))
            self.processes = self.server.process, self.client
            self.await_ping(self.street.clients[0])
            undo.pop_all()
        return self


# ---- what is measured -------------------------------------------------------------------------------------------------

def ping(street, address, seconds, number=0):
    """A ping every 10 ms from a client, begun now; ping_times() awaits its end."""
    return street.spawn(street.clients[number], "ping", "-n", "-i", "0.01", "-c", int(seconds * 100), "-w",
                        int(seconds) + 2, address)


def ping_times(process):
    """p50 and p99 in ms of those that came back, and how many in a hundred did not."""
    process.wait(60)
    sent = int(re.search(r"(\d+) packets transmitted", process.output)[1])
    times = sorted(float(t) for t in re.findall(r"time=([\d.]+)", process.output)) or [float("inf")]
    return {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "lost": 100 - 100 * len(times) / sent}


def iperf(street, address, seconds, *more, number=0):
    """Gbit/s and GB that were received."""
    namespace = street.clients[number]
    words = street.placed(namespace, "iperf3", "-J", "-c", address, "-p", 5201 + number, "-t", seconds, "--connect-timeout",
                          5000, *more)
    for _ in range(10):
        answer = json.loads(namespace.run(*words, check=False, timeout=seconds + 60))
        # The server may still be at the end of the last one, and turns away whoever comes then.
        if not re.search("busy|refused|reset by peer", answer.get("error", "")):
            break
        time.sleep(1)
    if "error" in answer:
        raise RuntimeError(f"iperf3 {' '.join(more)} to {address}: {answer['error']}")
    end = answer["end"]
    return end["sum_received"]["bits_per_second"] / 1e9, end["sum_received"]["bytes"] / 1e9


WAYS = {"up": (), "up ×4": ("-P", "4"), "down": ("-R",), "down ×4": ("-R", "-P", "4")}


def measure(street, tunnel, seconds, ways=WAYS):
    """Idle ping, then for each way: Gbit/s, CPU seconds a GB (the VPN's; the whole machine's), ping meanwhile."""
    figures = prefixed("idle", ping_times(ping(street, tunnel.address, 2)))
    for way in ways:
        vpn, machine = tunnel.cpu_seconds(), machine_busy_seconds()
        pinging = ping(street, tunnel.address, seconds - 0.5)
        figures[way], gigabytes = iperf(street, tunnel.address, seconds, *WAYS[way])
        figures[f"{way} CPU"] = (tunnel.cpu_seconds() - vpn) / gigabytes
        figures[f"{way} machine"] = (machine_busy_seconds() - machine) / gigabytes
        figures |= prefixed(way, ping_times(pinging))
    return figures


def prefixed(word, figures):
    return {f"{word} {key}": value for key, value in figures.items()}


# ---- tables -----------------------------------------------------------------------------------------------------------

def quiet(values, more_is_better):
    """The quartile of the quieter rounds."""
    return statistics.quantiles(values, n=4, method="inclusive")[2 if more_is_better else 0]


def cell(values, more_is_better=False):
    """Median / quiet quartile; three digits each."""
    if len(values) == 1:
        return digits(values[0])
    return " / ".join(digits(value) for value in (statistics.median(values), quiet(values, more_is_better)))


def digits(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(heads, rows):
    """Markdown, columns in line."""
    lines = [[*map(str, heads)], *([*map(str, row)] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(heads))]
    lines.insert(1, ["-" * width for width in widths])
    print("\n".join("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |" for line in lines),
          flush=True)


def ping_tables(results, loads, name=str):
    """What prefixed(load, ping_times(…)) left in the figures of each row."""
    for figure, words in (("p50", "median, ms"), ("p99", "99 of 100 come within, ms"), ("lost", "lost in a hundred")):
        print(f"\nping every 10 ms, {words}:\n")
        table(["", *loads], ([name(row), *(cell(figures[f"{load} {figure}"]) for load in loads)]
                             for row, figures in results.items()))


def verdict(what, value, bound, at_least=True):
    reached = value >= bound if at_least else value <= bound
    print(f"- {what}: {digits(value)}, to reach {'≥' if at_least else '≤'} {digits(bound)}: "
          f"{'reached' if reached else 'not reached'}")


def rounds(rows, count, one):
    """one(row) for each of the rows in turn, `count` times; the figures of each row by key, as lists. Tells of progress."""
    results = {row: {} for row in rows}
    began, done = time.monotonic(), 0
    for _ in range(count):
        for row in rows:
            for key, value in one(row).items():
                results[row].setdefault(key, []).append(value)
            done += 1
            if sys.stderr.isatty():
                left = (time.monotonic() - began) / done * (count * len(rows) - done)
                print(f"\r{done} of {count * len(rows)} done, about {left:.0f} s left \033[K", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return results


def machine(street=None):
    """One line: what this runs on, and what runs where."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    print(f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"Linux {platform.release()}" + (f"; {street.where()}" if street else ""), flush=True)
