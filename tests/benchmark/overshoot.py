#!/usr/bin/env python3
"""How far miko overshoots its --timeout when the other side misbehaves, measured on this machine.

Runs miko against servers that are silent, drip, flood or never read, round after round, and prints
how much longer than the timeout the process took from its start to its end.

One wait has no deadline on purpose and is not here: a result that arrived in time is written for as
long as its reader, such as a pager, takes.
"""

import argparse
import contextlib
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import brokers
from brokers import MEGABYTE, BlackHole, Server
from peers import HERE, compile_c

ROOT = os.path.dirname(os.path.dirname(HERE))
P99_MAX_MS = 100
WORST_MAX_MS = 500
HANG_SECONDS = 10

UNREACHABLE, TIMEOUT, USAGE, DONE = 6, 124, 2, 0


class Broken(Exception):
    """The numbers would mean nothing: miko did not do what the row is about."""


@dataclass
class Row:
    """`script` is what a server does with its socket, None for no server. `exits`: the exit
    statuses that show that miko met what the row is about."""

    name: str
    exits: tuple
    script: object = None
    timeout_ms: int = 300
    words: list = field(default_factory=list)
    tls: bool = False
    address: str = None
    endless_stdin: bool = False
    environment: dict = field(default_factory=dict)
    overshoots: list = field(default_factory=list)


def half_a_greeting(sock):
    sock.sendall(brokers.start()[:20])
    brokers.ignore(sock)


def dripped_greeting(sock):
    brokers.drip(sock, brokers.start())


def silent_after_the_greeting(sock):
    sock.sendall(brokers.start())
    brokers.ignore(sock)


def silent_after_the_limits(sock):
    sock.sendall(brokers.start() + brokers.tune())
    brokers.ignore(sock)


def silent_after_lower_limits(sock):
    """miko logs in again, carefully, and hears the same."""
    sock.sendall(brokers.start() + brokers.tune(frame_max=4096))
    brokers.ignore(sock)


def silent_after_the_login(sock):
    brokers.log_in(sock)
    brokers.ignore(sock)


def polite_without_a_reply(sock):
    brokers.log_in(sock)
    brokers.agree_to_the_goodbye(sock)


def blocked(sock):
    brokers.log_in(sock)
    sock.sendall(brokers.method(0, brokers.BLOCKED, brokers.short_string("low on memory")))
    brokers.ignore(sock)


def flood_of_heartbeats(sock):
    brokers.log_in(sock)
    brokers.flood(sock, brokers.frame(brokers.HEARTBEAT, 0, b""))


def flood_of_unknown_replies(sock):
    brokers.log_in(sock)
    brokers.flood(sock, brokers.reply("00000000-0000-4000-8000-000000000000", b"null"))


def flood_of_large_unknown_replies(sock):
    brokers.log_in(sock)
    brokers.flood(sock, brokers.reply("00000000-0000-4000-8000-000000000000", b" " * MEGABYTE))


def body_in_crumbs(sock):
    correlation_id = brokers.log_in(sock)
    sock.sendall(brokers.delivery(correlation_id, 100 * MEGABYTE))
    brokers.flood(sock, brokers.frame(brokers.BODY, 1, b" "))


def dripped_body(sock):
    correlation_id = brokers.log_in(sock)
    sock.sendall(brokers.delivery(correlation_id, 100 * MEGABYTE))
    while True:
        brokers.drip(sock, brokers.frame(brokers.BODY, 1, b" "))


def stops_reading(sock):
    sock.sendall(brokers.whole_login())
    brokers.freeze(sock)


def deaf_to_the_goodbye(sock):
    correlation_id = brokers.log_in(sock)
    time.sleep(0.2)
    sock.sendall(brokers.reply(correlation_id, b'{"result": 1, "error": null}'))
    brokers.freeze(sock)


def handshake_in_drips(sock):
    """The header of a TLS record whose content comes byte by byte."""
    sock.recv(1)
    brokers.drip(sock, b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc" + b"\x03" * 4096)


def make_rows(directory, hole):
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    held = os.path.join(directory, "held-fifo")
    os.mkfifo(held)
    # Somebody has it open and writes nothing.
    os.set_inheritable(os.open(held, os.O_RDWR), False)
    large = os.path.join(directory, "large.json")
    with open(large, "w") as file:
        file.write('["{}"]'.format("x" * 50 * MEGABYTE))
    items = os.path.join(directory, "items.json")
    with open(items, "w") as file:
        file.write("[[{}]]".format(",".join(['{"id": 7}'] * (3 * MEGABYTE))))
    rows = [
        Row("accepts and says nothing", (UNREACHABLE,), brokers.ignore),
        Row("the same, --careful", (UNREACHABLE,), brokers.ignore, words=["--careful"]),
        Row("accepts and never reads", (UNREACHABLE,), brokers.freeze),
        Row("half a greeting", (UNREACHABLE,), half_a_greeting),
        Row("greeting dripped", (UNREACHABLE,), dripped_greeting),
        Row("silent after the greeting", (UNREACHABLE,), silent_after_the_greeting),
        Row("silent after its limits", (UNREACHABLE,), silent_after_the_limits),
        Row("lower limits, then silent", (UNREACHABLE,), silent_after_lower_limits),
        Row("login, then silent", (TIMEOUT,), silent_after_the_login),
        Row("login, no reply, a goodbye", (TIMEOUT,), polite_without_a_reply),
        Row("blocked", (TIMEOUT,), blocked),
        Row("flood of heartbeats", (TIMEOUT,), flood_of_heartbeats),
        Row("flood of unknown replies", (TIMEOUT,), flood_of_unknown_replies),
        Row("flood of 1 MB replies", (TIMEOUT,), flood_of_large_unknown_replies),
        Row("100 MB body, dripped", (TIMEOUT,), dripped_body),
        Row("100 MB body, 1-byte frames", (TIMEOUT,), body_in_crumbs),
        Row("never reads 50 MB", (UNREACHABLE,), stops_reading, timeout_ms=1000,
            words=["--args", "@" + large]),
        Row("reply, deaf to the goodbye", (DONE,), deaf_to_the_goodbye),
        Row("TLS: silent", (UNREACHABLE,), brokers.ignore, words=["--tls"]),
        Row("TLS: handshake dripped", (UNREACHABLE,), handshake_in_drips, words=["--tls"]),
        Row("TLS: silent after it", (UNREACHABLE,), brokers.ignore, tls=True),
        Row("TLS: flood of heartbeats", (TIMEOUT,), flood_of_heartbeats, tls=True),
        Row("TLS: never reads 50 MB", (UNREACHABLE,), stops_reading, tls=True, timeout_ms=1000,
            words=["--args", "@" + large]),
        Row("black hole", (UNREACHABLE,), address=hole.address),
        Row("two black holes", (UNREACHABLE,),
            address="{0};amqp://{0}".format(hole.address)),
        Row("endless standard input", (USAGE,), words=["--args", "@-"], endless_stdin=True),
        Row("FIFO nobody opens", (USAGE,), words=["--args", "@" + fifo]),
        Row("FIFO nobody writes into", (USAGE,), words=["text=@" + held]),
        Row("configuration: FIFO", (USAGE,), words=["--config", held]),
        Row("configuration: stdin", (USAGE,), words=["--config", "-"], endless_stdin=True),
        Row("30 MB of small arguments", (USAGE, UNREACHABLE), stops_reading,
            words=["--args", "@" + items]),
    ]
    resolver = os.path.join(directory, "silent_resolver.so")
    problem = compile_c("silent_resolver.c", resolver, ["-shared", "-fPIC", "-ldl"])
    if problem:
        print("skipped: a resolver that never answers ({})".format(problem))
    else:
        rows.append(Row("resolver never answers", (UNREACHABLE,), address="rabbit.example.com",
                        environment={"LD_PRELOAD": resolver}))
    return rows


def command(row, miko):
    words = [miko, "--timeout", "{}ms".format(row.timeout_ms)]
    if row.tls:
        words += ["--tls", "--insecure"]
    if row.address:
        words += ["--broker", "amqp://" + row.address]
    return words + ["call", "greeting", "hello"] + row.words


def run_once(row, miko, home):
    """Seconds from before the start of the process to its end."""
    environment = {"PATH": os.defpath, "HOME": home, "LANG": "C.UTF-8", **row.environment}
    began = time.monotonic()
    child = subprocess.Popen(command(row, miko), env=environment, cwd=home, text=True,
                             stdin=subprocess.PIPE if row.endless_stdin else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ended = select.poll()
    pidfd = os.pidfd_open(child.pid)
    ended.register(pidfd, select.POLLIN)
    hangs = not ended.poll(row.timeout_ms + HANG_SECONDS * 1000)
    took = time.monotonic() - began
    os.close(pidfd)
    if hangs:
        child.kill()
    _, complaint = child.communicate()
    if not hangs and child.returncode not in row.exits:
        raise Broken("{}: ended with {}\n{}".format(row.name, child.returncode, complaint))
    return took


def measure(options, directory):
    with contextlib.ExitStack() as stack:
        context = brokers.tls_context(directory)
        hole = BlackHole()
        stack.callback(hole.close)
        rows = [row for row in make_rows(directory, hole)
                if options.only is None or options.only in row.name]
        for row in rows:
            if row.script:
                server = Server(row.script, context if row.tls else None)
                stack.callback(server.close)
                row.address = server.address
        for number in range(options.rounds + 1):
            for row in rows:
                took = run_once(row, options.miko, directory)
                # The first round warms up.
                if number > 0:
                    row.overshoots.append(took * 1000 - row.timeout_ms)
    return rows


def percentile_99(values):
    return statistics.quantiles(values, n=100, method="inclusive")[-1]


def print_table(rows, rounds):
    print("{:<30}{:>9}{:>9}{:>9}{:>9}".format(
        "{} rounds, load {:.1f}".format(rounds, os.getloadavg()[0]), "timeout", "median", "p99",
        "worst"))
    for row in rows:
        print("{:<30}{:>9}{:>9.1f}{:>9.1f}{:>9.1f}".format(
            row.name, row.timeout_ms, statistics.median(row.overshoots),
            percentile_99(row.overshoots), max(row.overshoots)))


def verdict(name, value, limit):
    reached = value <= limit
    print("{:<12} {}: {:.1f} ms (goal <= {} ms)".format(
        "reached" if reached else "NOT REACHED", name, value, limit))
    return reached


def parse(argv, description, rounds):
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds,
                        help="runs of each row ({})".format(rounds))
    parser.add_argument("--only", metavar="TEXT", help="rows whose name contains this")
    parser.add_argument("--miko", metavar="PATH",
                        default=os.path.join(ROOT, "build", "release", "miko"),
                        help="the program to measure (build/release/miko)")
    parser.add_argument("--gate", action="store_true", help="exit 1 if a goal is not reached")
    options = parser.parse_args(argv)
    if options.rounds < 2:
        parser.error("--rounds must be at least 2")
    if not os.access(options.miko, os.X_OK):
        parser.error("no program at {}: build it".format(options.miko))
    options.miko = os.path.abspath(options.miko)
    return options


def main(argv):
    options = parse(argv, __doc__, rounds=30)
    with tempfile.TemporaryDirectory(prefix="miko-overshoot-") as directory:
        rows = measure(options, directory)
    if not rows:
        raise Broken("no row has '{}' in its name".format(options.only))
    print_table(rows, options.rounds)
    everything = [value for row in rows for value in row.overshoots]
    reached = [verdict("99 % of all runs overshoot by", percentile_99(everything), P99_MAX_MS),
               verdict("the worst overshoots by", max(everything), WORST_MAX_MS)]
    return 1 if options.gate and not all(reached) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        sys.exit("overshoot: {}".format(error))
