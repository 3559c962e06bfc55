"""Traffic that knows what it carries: each octet that comes out is compared with the one that went in.

Both ends of a flow are sockets of one process, made in two namespaces. What packet (or block) n of flow f holds follows from f
and n alone, so the receiver makes it again and compares.
"""
import contextlib
import ctypes
import multiprocessing
import os
import random
import select
import socket
import struct
import threading
import time

HEADER = struct.Struct("!IQI")  # flow, number, length with the header
POOL = random.Random(2637).randbytes(1 << 20)
BLOCK = 1 << 16
LARGEST = 4000  # of a datagram; it goes through the tunnel in fragments
CLONE_NEWNET = 0x40000000
COUNTS = ("sent", "received", "octets", "wrong", "foreign", "twice")


def inside(namespace, make):
    """What make() gives, made in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace.name}") as there:
        try:
            if libc.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            return make()
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


def content(flow, number, length):
    offset = (flow * 1000003 + number * 7919) % (len(POOL) - BLOCK)
    return HEADER.pack(flow, number, length) + POOL[offset:offset + length - HEADER.size]


class Flow:
    """One flow in a process of its own; `counts` may be read while it runs. run(stop) is what subclasses do."""

    def __init__(self, number, name):
        self.number, self.name = number, name
        self.counts = multiprocessing.Array("Q", len(COUNTS), lock=False)
        self.stopping = multiprocessing.Event()
        self.process = multiprocessing.Process(target=self.run, daemon=True)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def add(self, what, amount=1):
        self.counts[COUNTS.index(what)] += amount

    def count(self, what):
        return self.counts[COUNTS.index(what)]


class Datagrams(Flow):
    """UDP of many sizes at `rate` packets a second, from one socket to the other."""

    def __init__(self, number, name, sender, receiver, rate, edge):
        """sender, receiver: (namespace, inner address); edge: a size of packets to be near of, the tunnel's MTU."""
        super().__init__(number, name)
        self.sender, self.receiver, self.rate, self.edge = sender, receiver, rate, edge

    def size(self, chance):
        kind = chance.random()
        if kind < 0.06:
            return chance.randint(self.edge, LARGEST)
        if kind < 0.3:
            return chance.randint(self.edge - 40, self.edge - 28)  # without headers of IP and UDP: around a full packet
        return chance.randint(HEADER.size, self.edge - 28)

    def open(self, end, port):
        def make():
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            opened.bind((end[1], port))
            return opened
        return inside(end[0], make)

    def run(self):
        # All receivers at one address would share a port, but for this: what is brought to the wrong one is seen by it.
        port = 7000 + self.number
        out, come = self.open(self.sender, port), self.open(self.receiver, port)
        there, chance, seen = (self.receiver[1], port), random.Random(self.number), bytearray(1 << 16)
        began, number = time.monotonic(), 0
        last = None
        while last is None or time.monotonic() < last:
            if not self.stopping.is_set():
                while number < (time.monotonic() - began) * self.rate:
                    with contextlib.suppress(BlockingIOError):
                        out.sendto(content(self.number, number, self.size(chance)), there)
                        self.add("sent")
                    number += 1
            elif last is None:
                last = time.monotonic() + 1.5  # what is still on its way
            if number + 1 >= len(seen) * 8:
                seen += bytes(len(seen))
            if select.select([come], [], [], 0.004)[0]:
                self.take(come, seen)

    def take(self, come, seen):
        with contextlib.suppress(BlockingIOError):
            while True:
                data = come.recv(65536)
                flow, number, length = HEADER.unpack_from(data) if len(data) >= HEADER.size else (None, 0, 0)
                if flow != self.number:
                    self.add("foreign")
                elif length != len(data) or number >= len(seen) * 8 or data != content(flow, number, length):
                    self.add("wrong")
                elif seen[number // 8] >> number % 8 & 1:
                    self.add("twice")
                else:
                    seen[number // 8] |= 1 << number % 8
                    self.add("received")
                    self.add("octets", length)


class Bulk(Flow):
    """TCP as fast as it goes, in blocks of 64 KiB; a new connection every few seconds."""
    SECONDS = 7

    def __init__(self, number, name, sender, receiver):
        super().__init__(number, name)
        self.sender, self.receiver = sender, receiver

    def run(self):
        listener = inside(self.receiver[0], lambda: socket.create_server((self.receiver[1], 7000 + self.number)))
        number = 0
        while not self.stopping.is_set():
            out = inside(self.sender[0], lambda: socket.create_connection(listener.getsockname(), 20))
            come = listener.accept()[0]
            first, end = number, time.monotonic() + self.SECONDS
            receiving = threading.Thread(target=self.receive, args=(come, first))
            receiving.start()
            while time.monotonic() < end and not self.stopping.is_set():
                out.sendall(content(self.number, number, BLOCK))
                number += 1
                self.add("sent")
            out.close()
            receiving.join(20)
            if self.count("received") != number:  # a reliable stream that ended in order brought everything
                self.add("wrong")
                return

    def receive(self, come, number):
        block = bytearray(BLOCK)
        with come:
            while come.recv_into(block, BLOCK, socket.MSG_WAITALL) == BLOCK:
                self.add("received" if block == content(self.number, number, BLOCK) else "wrong")
                self.add("octets", BLOCK)
                number += 1
