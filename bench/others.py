"""Other VPNs through the same street: OpenVPN of Debian 12, wireguard-go of Debian trixie."""
import contextlib
import pathlib
import socket
import subprocess

from street import TOP, Tunnel, lab, outer


class OpenVPN(Tunnel):
    """UDP, AES-256-GCM, TLS between two throw-away certificates, no DCO; everything else as it comes."""
    address = "10.8.0.1"

    def __init__(self, street):
        super().__init__()
        self.street = street

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.push(self)
            prints = {side: self.certificate(side) for side in ("server", "client")}
            server = self.spawn(self.street.server, "server", prints["client"], "10.8.0.1", "10.8.0.2", "--tls-server",
                                "--dh", "none", "--local", outer(0))
            client = self.spawn(self.street.clients[0], "client", prints["server"], "10.8.0.2", "10.8.0.1",
                                "--tls-client", "--nobind", "--remote", outer(0))
            self.processes = server, client
            client.await_line("Initialization Sequence Completed", 20)
            self.await_ping(self.street.clients[0])
            undo.pop_all()
        return self

    def certificate(self, side):
        """Makes it where it is not there; returns its fingerprint."""
        path = self.street.directory / f"openvpn-{side}"
        if not path.with_suffix(".crt").exists():
            lab.sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                   "-subj", f"/CN={side}", "-keyout", path.with_suffix(".key"), "-out", path.with_suffix(".crt"))
        return lab.sh("openssl", "x509", "-in", path.with_suffix(".crt"), "-noout", "-fingerprint", "-sha256"
                      ).strip().split("=")[1]

    def spawn(self, namespace, side, fingerprint, *rest):
        path = self.street.directory / f"openvpn-{side}"
        here, there, *more = rest
        return self.enter_context(namespace.spawn(*self.street.placed(
            namespace, "openvpn", "--dev", "tunnel", "--dev-type", "tun", "--ifconfig", here, there, "--proto", "udp",
            "--cert", path.with_suffix(".crt"), "--key", path.with_suffix(".key"), "--peer-fingerprint", fingerprint,
            "--data-ciphers", "AES-256-GCM", "--cipher", "AES-256-GCM", "--disable-dco", *more)))


# In the mount namespace that `ip netns exec` makes: an empty /run, where wireguard-go puts its socket.
MASK = 'mount -t tmpfs tmpfs /run && exec "$@"'


class WireGuard(Tunnel):
    """wireguard-go with its offloads; segmentation: whether the outer veth takes UDP super-segments, as GRE has none."""
    address = "10.9.0.1"

    def __init__(self, street, segmentation):
        super().__init__()
        self.street, self.segmentation = street, segmentation

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.push(self)
            self.segment(self.segmentation)
            self.callback(self.segment, True)
            program = lab.sh("bash", TOP / "bench/wireguard-go.sh", timeout=300).splitlines()[-1]
            (server_key, server_public), (client_key, client_public) = key_pair(), key_pair()
            ends = ((self.street.server, "10.9.0.1", server_key, client_public, ""),
                    (self.street.clients[0], "10.9.0.2", client_key, server_public, f"endpoint={outer(0)}:51820\n"))
            self.processes = tuple(
                self.enter_context(end[0].spawn(*self.street.placed(end[0], "sh", "-c", MASK, "sh", "env", "LOG_LEVEL=error",
                                                                    program, "-f", "tunnel"))) for end in ends)
            for process, (namespace, address, key, public, endpoint) in zip(self.processes, ends):
                self.configure(process, f"private_key={key}\nlisten_port=51820\npublic_key={public}\n"
                                        f"allowed_ip=10.9.0.0/24\n{endpoint}")
                namespace.ip(f"address add {address}/24 dev tunnel")
                namespace.ip("link set tunnel up")
            self.await_ping(self.street.clients[0])
            undo.pop_all()
        return self

    def segment(self, on):
        for namespace, wire in ((self.street.server, "wire0"), (self.street.clients[0], "wire")):
            namespace.run("ethtool", "-K", wire, "tx-udp-segmentation", "on" if on else "off")

    @staticmethod
    def configure(process, text):
        path = pathlib.Path(f"/proc/{process.child.pid}/root/run/wireguard/tunnel.sock")
        lab.until(path.exists, 10, lambda: f"wireguard-go:\n{process.output}")
        with socket.socket(socket.AF_UNIX) as uapi:
            uapi.connect(str(path))
            uapi.sendall(f"set=1\n{text}\n".encode())
            answer = uapi.recv(200).decode()
        if "errno=0" not in answer:
            raise RuntimeError(f"wireguard-go: {answer}")


def key_pair():
    """Private and public key in hexadecimal: the last 32 octets of either DER."""
    private = subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-outform", "DER"], capture_output=True,
                             check=True).stdout
    public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], input=private,
                            capture_output=True, check=True).stdout
    return private[-32:].hex(), public[-32:].hex()
