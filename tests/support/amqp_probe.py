"""Asks a RabbitMQ on loopback one question over a raw socket: does anybody consume from a queue?

Enough of AMQP 0-9-1 for that and no more, because lab.py may use the standard library only.
"""

import socket
import struct

FRAME_END = b"\xce"
START, START_OK, TUNE, TUNE_OK = (10, 10), (10, 11), (10, 30), (10, 31)
OPEN, OPEN_OK, CLOSE, CLOSE_OK = (10, 40), (10, 41), (10, 50), (10, 51)
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE = (20, 10), (20, 11), (20, 40)
DECLARE, DECLARE_OK = (50, 10), (50, 11)


class Refused(Exception):
    """The broker is there but said no, or hung up."""


def short_string(text):
    return struct.pack("B", len(text.encode())) + text.encode()


def long_string(data):
    return struct.pack(">I", len(data)) + data


def send(sock, channel, method, arguments):
    payload = struct.pack(">HH", *method) + arguments
    sock.sendall(struct.pack(">BHI", 1, channel, len(payload)) + payload + FRAME_END)


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise Refused("the broker closed the connection")
        data += part
    return data


def expect(sock, *methods):
    """The next method, which must be one of `methods`: ((class, method), arguments)."""
    kind, _, size = struct.unpack(">BHI", read_exactly(sock, 7))
    payload = read_exactly(sock, size + 1)[:-1]
    method = struct.unpack(">HH", payload[:4])
    if kind != 1 or method not in methods:
        raise Refused("unexpected frame {} {}".format(kind, payload[:200]))
    return method, payload[4:]


def log_in(sock, user, password, vhost):
    sock.sendall(b"AMQP\x00\x00\x09\x01")
    expect(sock, START)
    secret = long_string("\0{}\0{}".format(user, password).encode())
    send(sock, 0, START_OK, long_string(b"") + short_string("PLAIN") + secret
         + short_string("en_US"))
    _, limits = expect(sock, TUNE)
    # A client may not ask for a larger frame than the broker offers, which tests lower.
    _, frame_max, _ = struct.unpack(">HIH", limits)
    send(sock, 0, TUNE_OK, struct.pack(">HIH", 1, frame_max, 0))
    send(sock, 0, OPEN, short_string(vhost) + b"\0\0")
    expect(sock, OPEN_OK)


def has_consumer(port, user, password, vhost, queue):
    """Whether `queue` exists and has a consumer; with None, whether one can log in to `vhost`."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        log_in(sock, user, password, vhost)
        found = True
        if queue is not None:
            send(sock, 1, CHANNEL_OPEN, b"\0")
            expect(sock, CHANNEL_OPEN_OK)
            passive = b"\x01"
            send(sock, 1, DECLARE, b"\0\0" + short_string(queue) + passive + long_string(b""))
            method, arguments = expect(sock, DECLARE_OK, CHANNEL_CLOSE)
            found = method == DECLARE_OK and struct.unpack(">I", arguments[-4:])[0] > 0
        # A goodbye keeps the broker's log free of warnings that tests look for.
        send(sock, 0, CLOSE, struct.pack(">H", 200) + short_string("") + b"\0\0\0\0")
        expect(sock, CLOSE_OK)
        return found
