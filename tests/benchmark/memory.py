#!/usr/bin/env python3
"""How much memory miko takes, measured on this machine: the most that was ever resident in a run.

Large replies and requests, and servers that announce or send more than they should. All runs have a
stack of 1 MiB.
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import brokers
from brokers import MEGABYTE, Server
from overshoot import (DONE, TIMEOUT, Broken, flood_of_heartbeats, flood_of_large_unknown_replies,
                       parse)
from peers import compile_c
from replies import list_of_objects, string

BAD_REPLY = 8
STACK = 1024 * 1024
DEPTH_MAX = 512
# What a process may take besides the data it handles.
BASE_MB = 8


@dataclass
class Row:
    """`data_mb`: the size of what goes through; `factor`: how often that may be in memory."""

    name: str
    script: object
    data_mb: float
    factor: float = 1.1
    exits: int = DONE
    words: list = field(default_factory=list)
    timeout: str = "60s"

    @property
    def limit_mb(self):
        return self.data_mb * self.factor + BASE_MB


def answer(body):
    def script(sock):
        correlation_id = brokers.log_in(sock)
        sock.sendall(brokers.reply(correlation_id, body))
        brokers.agree_to_the_goodbye(sock)

    return script


def answer_in_the_end(sock):
    """Reads the whole of a request that is far larger than one read, then answers it."""
    correlation_id = brokers.log_in(sock)
    tail = b""
    while not tail.endswith(b"}" + brokers.FRAME_END):
        tail = (tail + sock.recv(1 << 20))[-2:]
    sock.sendall(brokers.reply(correlation_id, result(b"null")))
    brokers.agree_to_the_goodbye(sock)


def announce(size):
    def script(sock):
        correlation_id = brokers.log_in(sock)
        sock.sendall(brokers.delivery(correlation_id, size))
        brokers.agree_to_the_goodbye(sock)

    return script


def result(json):
    return b'{"result": ' + json + b', "error": null}'


def write(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(data)
    return "@" + path


def make_rows(directory):
    rows = []
    for kind, data in (("string", string(100 * MEGABYTE)),
                       ("list", list_of_objects(100 * MEGABYTE))):
        for output in ("json", "pretty", "raw", "envelope", "none"):
            rows.append(Row("100 MB {}, -o {}".format(kind, output), answer(result(data)),
                            len(data) / MEGABYTE, words=["-o", output]))
    args = write(directory, "args", b"[" + list_of_objects(30 * MEGABYTE) + b"]")
    kwargs = write(directory, "kwargs", b'{"items": ' + list_of_objects(30 * MEGABYTE) + b"}")
    text = write(directory, "text", b"x" * 30 * MEGABYTE)
    deep = b"[" * DEPTH_MAX + b"]" * DEPTH_MAX
    rows += [
        Row("30 MB array, --args", answer_in_the_end, 30, 2, words=["--args", args]),
        Row("30 MB object, --args", answer_in_the_end, 30, 2, words=["--args", kwargs]),
        Row("30 MB array, an ITEM", answer_in_the_end, 30, 2, words=["items:=" + args]),
        Row("30 MB text, an ITEM", answer_in_the_end, 30, 2, words=["text=" + text]),
        Row("announces 100 MB, sends none", announce(100 * MEGABYTE), 0, exits=TIMEOUT,
            timeout="1s"),
        Row("announces 2^63", announce(2**63), 0, exits=BAD_REPLY),
        Row("flood of heartbeats", flood_of_heartbeats, 0, exits=TIMEOUT, timeout="1s"),
        Row("flood of 1 MB replies", flood_of_large_unknown_replies, 0, exits=TIMEOUT,
            timeout="1s"),
        Row("{} levels deep".format(DEPTH_MAX - 1), answer(result(deep[1:-1])), 0),
        Row("{} levels deep, pretty".format(DEPTH_MAX - 1), answer(result(deep[1:-1])), 0,
            words=["-o", "pretty"]),
        Row("{} levels deep".format(DEPTH_MAX), answer(result(deep)), 0, exits=BAD_REPLY),
        Row("100 MB of levels", answer(result(b"[" * 100 * MEGABYTE)), 100, exits=BAD_REPLY),
    ]
    return rows


def limit_stack():
    resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))


def peak_mb(row, address, options, runner):
    """The largest of all rounds."""
    words = [options.miko, "--timeout", row.timeout, "--broker", "amqp://" + address, "call",
             "greeting", "hello"] + row.words
    with tempfile.TemporaryDirectory(prefix="miko-memory-") as directory:
        os.symlink(os.devnull, os.path.join(directory, "0.out"))
        done = subprocess.run([runner, str(options.rounds), directory], check=True, text=True,
                              input="\t".join(words) + "\n", stdout=subprocess.PIPE,
                              env={"PATH": os.defpath, "HOME": directory, "LANG": "C.UTF-8"},
                              cwd=directory, preexec_fn=limit_stack)
        peaks = []
        for line in done.stdout.splitlines():
            _, _, _, _, peak_kib, status = map(int, line.split())
            if status != row.exits:
                with open(os.path.join(directory, "0.err"), errors="replace") as complaint:
                    raise Broken("{}: ended with {}\n{}".format(row.name, status,
                                                               complaint.read(2000)))
            peaks.append(peak_kib * 1024 / MEGABYTE)
    return max(peaks)


def measure(options, directory):
    runner = os.path.join(directory, "runner")
    problem = compile_c("runner.c", runner, ["-static"])
    if problem:
        raise Broken("runner.c: " + problem)
    measured = []
    for row in make_rows(directory):
        if options.only is None or options.only in row.name:
            with contextlib.closing(Server(row.script)) as server:
                measured.append((row, peak_mb(row, server.address, options, runner)))
    return measured


def main(argv):
    options = parse(argv, __doc__, rounds=3)
    with tempfile.TemporaryDirectory(prefix="miko-memory-") as directory:
        measured = measure(options, directory)
    print("{:<34}{:>9}{:>11}".format("most resident, MB", "goal <=", "worst"))
    for row, peak in measured:
        print("{:<34}{:>9.1f}{:>11.1f}{}".format(row.name, row.limit_mb, peak,
                                                 "" if peak <= row.limit_mb else "  NOT REACHED"))
    reached = all(peak <= row.limit_mb for row, peak in measured)
    return 1 if options.gate and not reached else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        sys.exit("memory: {}".format(error))
