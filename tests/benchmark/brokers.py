"""AMQP servers on loopback, each of which does what one function says: for measuring, not testing.

They send the broker's half of a conversation without looking at the client's, which is all it takes
because miko accepts answers early. Of a request they read only what a reply must repeat.
"""

import contextlib
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
import private_lab  # noqa: E402
from amqp_probe import (CHANNEL_OPEN_OK, CLOSE_OK, DECLARE_OK, FRAME_END, OPEN_OK,  # noqa: E402
                        START, TUNE, long_string, short_string)

BLOCKED, CONFIRM_SELECT_OK, BIND_OK = (10, 60), (85, 11), (50, 21)
CONSUME_OK, DELIVER, ACK = (60, 21), (60, 60), (60, 80)
METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_MAX = 131072
MEGABYTE = 10**6

# Delivery mode, priority 0, correlation id, and the length of the reply_to behind it.
CORRELATION_ID = re.compile(rb"[\x01\x02]\x00\x24([0-9a-f-]{36})\x24")


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + FRAME_END


def method(channel, number, arguments=b""):
    return frame(METHOD, channel, struct.pack(">HH", *number) + arguments)


def start():
    product = short_string("product") + b"S" + long_string(b"RabbitMQ")
    return method(0, START, b"\x00\x09" + long_string(product) + long_string(b"PLAIN")
                  + long_string(b"en_US"))


def tune(frame_max=FRAME_MAX):
    return method(0, TUNE, struct.pack(">HIH", 2047, frame_max, 60))


def whole_login():
    return (start() + tune() + method(0, OPEN_OK, short_string(""))
            + method(1, CHANNEL_OPEN_OK, long_string(b"")) + method(1, CONFIRM_SELECT_OK)
            + method(1, DECLARE_OK, short_string("q") + struct.pack(">II", 0, 0))
            + method(1, BIND_OK) + method(1, CONSUME_OK, short_string("tag")))


def delivery(correlation_id, body_size):
    """The frames of a reply up to its body."""
    deliver = (short_string("tag") + struct.pack(">QB", 1, 0) + short_string("nameko-rpc")
               + short_string("key"))
    header = (struct.pack(">HHQH", 60, 0, body_size, 0x8000 | 0x4000 | 0x0400)
              + short_string("application/json") + short_string("utf-8")
              + short_string(correlation_id))
    return method(1, DELIVER, deliver) + frame(HEADER, 1, header)


def reply(correlation_id, body):
    pieces = (body[at:at + FRAME_MAX - 8] for at in range(0, len(body), FRAME_MAX - 8))
    return delivery(correlation_id, len(body)) + b"".join(frame(BODY, 1, one) for one in pieces)


def log_in(sock):
    """Answers the login and gives the correlation id of the first request, confirmed."""
    sock.sendall(whole_login())
    data = b""
    while not (found := CORRELATION_ID.search(data)):
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("the client left")
        data += part
    sock.sendall(method(1, ACK, struct.pack(">QB", 1, 0)))
    return found.group(1).decode()


def ignore(sock):
    """Reads what comes and says nothing, until the client has left."""
    while sock.recv(65536):
        pass


def freeze(sock):
    """Reads nothing, until the client has left."""
    left = select.poll()
    left.register(sock, select.POLLRDHUP)
    left.poll()


def agree_to_the_goodbye(sock):
    """As ignore(), but answers connection.close, which is the last thing a client says."""
    close = struct.pack(">HHH", 10, 50, 200)
    tail = b""
    while part := sock.recv(65536):
        tail = (tail + part)[-100:]
        if close in tail:
            sock.sendall(method(0, CLOSE_OK))


def drip(sock, data, seconds=0.05):
    for at in range(len(data)):
        sock.sendall(data[at:at + 1])
        time.sleep(seconds)


def flood(sock, data):
    many = data * (65536 // len(data) + 1)
    while True:
        sock.sendall(many)


class Server:
    """Runs `script`, a function of a connected socket, for each client, in a process of its own so
    that what it does takes nothing of the measuring process. `context`: an ssl.SSLContext, if the
    script is to speak TLS."""

    def __init__(self, script, context=None):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            private_lab.die_with(parent)()
            while True:
                threading.Thread(target=perform, args=(script, context, listener.accept()[0]),
                                 daemon=True).start()
        listener.close()

    @property
    def address(self):
        return "127.0.0.1:{}".format(self.port)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def perform(script, context, sock):
    # A client that leaves is no news here.
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(sock, server_side=True) if context else sock as peer:
            script(peer)


class BlackHole:
    """A port on which connecting takes for ever: the queue of its listener is full."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.address = "127.0.0.1:{}".format(self.listener.getsockname()[1])
        self.waiting = [socket.socket() for _ in range(4)]
        for each in self.waiting:
            each.setblocking(False)
            each.connect_ex(self.listener.getsockname())

    def close(self):
        for each in [*self.waiting, self.listener]:
            each.close()


def tls_context(directory):
    """A server's context with a fresh certificate that nobody has reason to trust."""
    key, certificate = os.path.join(directory, "key.pem"), os.path.join(directory, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-days",
                    "1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
