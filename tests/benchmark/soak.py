#!/usr/bin/env python3
"""A million calls over one connection: does memory stay flat, and the speed?

Starts a private RabbitMQ (tests/support/lab.py) and a C program that answers, makes the calls one
after the other and again with many in flight, and prints what the client had resident on the way.
"""

import argparse
import os
import subprocess
import sys
import tempfile

from peers import HERE, compile_c
from runs import Broken, enter_lab, open_lab

ROOT = os.path.dirname(os.path.dirname(HERE))
# What may be resident at the end and was not yet after the first thousand calls.
GROWTH_MAX_KIB = 512


def soak(options, uri, in_flight):
    """Prints each report as it comes; returns whether memory stayed flat."""
    words = [options.soak, str(options.calls), str(in_flight), "echo"]
    child = subprocess.Popen(words, env=dict(os.environ, AMQP_URI=uri), text=True,
                             stdout=subprocess.PIPE)
    resident = []
    for line in child.stdout:
        calls, kib, speed = map(int, line.split())
        resident.append(kib)
        print("{:>10}{:>10}{:>12.1f}{:>12}".format(in_flight, calls, kib / 1024, speed),
              flush=True)
    if child.wait() != 0 or len(resident) < 2:
        raise Broken("the client ended with {}".format(child.returncode))
    return resident[-1] - resident[0] <= GROWTH_MAX_KIB


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000000, help="(1000000)")
    parser.add_argument("--in-flight", type=int, action="append", metavar="N",
                        help="calls unanswered at a time (1, then 64)")
    parser.add_argument("--soak", metavar="PATH",
                        default=os.path.join(ROOT, "build", "release", "miko_soak"),
                        help="the program that calls (build/release/miko_soak)")
    parser.add_argument("--gate", action="store_true", help="exit 1 if memory grows")
    options = parser.parse_args(argv)
    if options.calls <= 1000:
        parser.error("--calls must be more than 1000")
    if not os.access(options.soak, os.X_OK):
        parser.error("no program at {}: build it".format(options.soak))
    return options


def main(argv):
    options = parse(argv)
    enter_lab(__file__, "none", argv)
    lab = open_lab()
    with tempfile.TemporaryDirectory(prefix="miko-soak-") as directory:
        responder = os.path.join(directory, "echo_responder")
        problem = compile_c("echo_responder.c", responder, ["-lrabbitmq"])
        if problem:
            raise Broken("echo_responder.c: " + problem)
        answering = subprocess.Popen([responder, "echo"], text=True, stdout=subprocess.PIPE,
                                     env=dict(os.environ, AMQP_URI=lab["uri"]))
        try:
            if answering.stdout.readline() != "ready\n":
                raise Broken("the echo responder did not start")
            print("{:>10}{:>10}{:>12}{:>12}".format("in flight", "calls", "MiB", "calls/s"))
            flat = [soak(options, lab["uri"], in_flight)
                    for in_flight in options.in_flight or [1, 64]]
        finally:
            answering.kill()
            answering.wait()
    print("memory stayed flat" if all(flat) else "MEMORY GREW by more than {} KiB".format(
        GROWTH_MAX_KIB))
    return 1 if options.gate and not all(flat) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        sys.exit("soak: {}".format(error))
