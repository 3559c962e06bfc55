#!/usr/bin/python3
"""A PPTP server with the habits of odd ones, for one call without a login: tests/net/test_client.py.

Its Set-Link-Info has garbage in the reserved field; its GRE packets are numbered from 1, the first of them acknowledges
ffffffff; packets leave in pairs, the second first. It answers pings to 192.168.77.1, which its caller reaches from
192.168.77.2. SIGUSR1 makes it end the call with a Call-Disconnect-Notify whose result is 0.
"""
import select
import signal
import socket
import struct
import sys

COOKIE, CALL_ID, LOCAL, REMOTE = 0x1a2b3c4d, 7, bytes((192, 168, 77, 1)), bytes((192, 168, 77, 2))
REQUEST, ACK, NAK, REJECT = 1, 2, 3, 4
LCP, IPCP, IP = 0xc021, 0x8021, 0x21


def message(kind, body, size):
    """One control message (RFC 2637 §2)."""
    return (struct.pack("!HHIHH", size, 1, COOKIE, kind, 0) + body).ljust(size, b"\0")


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Server:
    def __init__(self):
        listener = socket.create_server(("", 1723))
        self.gre = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
        print("ready", flush=True)
        self.tcp, (self.caller, _) = listener.accept()
        self.number, self.heard, self.held, self.peer_call = 1, 0xffffffff, None, 0

    # ---- control ----

    def on_control(self, octets):
        kind, = struct.unpack_from("!H", octets, 8)
        if kind == 1:  # Start-Control-Connection-Request
            self.tcp.sendall(message(2, struct.pack("!HBBIIHH", 0x100, 1, 0, 3, 3, 0, 0), 156))
        elif kind == 7:  # Outgoing-Call-Request
            self.peer_call, = struct.unpack_from("!H", octets, 12)
            reply = struct.pack("!HHBBHIHHI", CALL_ID, self.peer_call, 1, 0, 0, 100000000, 64, 0, 0)
            link_info = struct.pack("!HHII", self.peer_call, 0xdead, 0xffffffff, 0xffffffff)
            self.tcp.sendall(message(8, reply, 32) + message(15, link_info, 24))
            self.send(LCP, bytes((REQUEST, 1, 0, 10, 5, 6)) + b"oddo")
        elif kind == 12:  # Call-Clear-Request
            self.hang_up(4)
        elif kind == 3:  # Stop-Control-Connection-Request
            self.tcp.sendall(message(4, b"\1", 16))

    def hang_up(self, result):
        self.tcp.sendall(message(13, struct.pack("!HBBHH", CALL_ID, result, 0, 0, 0), 148))

    # ---- GRE and PPP ----

    def send(self, protocol, packet):
        frame = struct.pack("!HH", 0xff03, protocol) + packet
        header = struct.pack("!BBHHHII", 0x30, 0x81, 0x880b, len(frame), self.peer_call, self.number, self.heard)
        self.number += 1
        self.gre.sendto(header + frame, (self.caller, 0))

    def send_swapped(self, protocol, packet):
        """Each second packet overtakes the one before it: its number is the higher one."""
        if not self.held:
            self.held, self.number = (protocol, packet, self.number), self.number + 1
            return
        self.send(protocol, packet)
        protocol, packet, number = self.held
        self.held, following, self.number = None, self.number, number
        self.send(protocol, packet)
        self.number = following

    def on_gre(self, octets):
        flags, version = octets[20:22]
        at = 28
        if flags & 0x10:
            self.heard, = struct.unpack_from("!I", octets, at)
            at += 4
        at += 4 if version & 0x80 else 0
        frame = octets[at:]
        if frame[:2] == b"\xff\x03":
            frame = frame[2:]
        if not frame:
            return
        protocol, packet = (frame[0], frame[1:]) if frame[0] & 1 else (frame[0] << 8 | frame[1], frame[2:])
        if protocol == IP:
            self.on_ping(packet)
        elif packet[0] == REQUEST and protocol == IPCP:
            self.on_ipcp(packet)
        elif packet[0] == REQUEST and protocol == LCP:
            self.send(LCP, bytes((ACK,)) + packet[1:])
        elif packet[0] == REQUEST:  # neither CCP nor IPv6CP is spoken here
            rejected = struct.pack("!H", protocol) + packet
            self.send(LCP, struct.pack("!BBH", 8, 99, 4 + len(rejected)) + rejected)
        elif packet[0] == 5:  # Terminate-Request
            self.send(protocol, bytes((6,)) + packet[1:])
        elif packet[0] == 9 and protocol == LCP:  # Echo-Request
            self.send(LCP, bytes((10,)) + packet[1:4] + b"oddo" + packet[8:])

    def on_ipcp(self, packet):
        options = packet[4:struct.unpack_from("!H", packet, 2)[0]]
        wanted = {options[at]: options[at + 2:at + 6] for at in range(0, len(options), 6)}
        wishes = {3: REMOTE, 129: bytes((9, 9, 9, 9)), 131: bytes((9, 9, 9, 10))}
        good = all(wishes.get(kind, value) == value for kind, value in wanted.items())
        body = b"".join(bytes((kind, 6)) + wishes.get(kind, value) for kind, value in wanted.items())
        self.send(IPCP, bytes((ACK if good else NAK, packet[1])) + struct.pack("!H", 4 + len(body)) + body)
        if good:
            self.send(IPCP, bytes((REQUEST, 2, 0, 10, 3, 6)) + LOCAL)

    def on_ping(self, packet):
        if packet[9] != 1 or packet[16:20] != LOCAL or packet[20] != 8:
            return
        icmp = b"\0\0\0\0" + packet[24:]
        icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
        self.send_swapped(IP, packet[:12] + packet[16:20] + packet[12:16] + icmp)

    def run(self):
        wake, waker = socket.socketpair()
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGUSR1, lambda *_: None)
        while True:
            for ready in select.select([self.tcp, self.gre, wake], [], [])[0]:
                octets = ready.recv(4096)
                if ready is wake:
                    self.hang_up(0)
                elif ready is self.gre:
                    self.on_gre(octets)
                elif octets:
                    self.on_control(octets)
                else:
                    return


sys.exit(Server().run())
