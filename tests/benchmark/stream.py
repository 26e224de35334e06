#!/usr/bin/env python3
"""A million rows through `miko batch`: does memory stay flat, and how fast is it?

Starts a private RabbitMQ (tests/support/lab.py) and a C program that answers. `miko batch`, fed by a
pipe and read by a pipe, and a bare C client that makes as many calls take turns. Every row must be
answered, and what is resident may not grow once the first rows are through.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from peers import HERE, CannotBuild, Peers
from runs import Bench, Broken, echo_service, enter_lab, open_lab

ROOT = os.path.dirname(os.path.dirname(HERE))
BARE_CLIENT = "C, rabbitmq-c, bare"
ROWS = """seq {} | sed 's/.*/{{"service": "echo", "method": "hello", "args": ["&"], "id": &}}/'"""
SAMPLE_SECONDS = 0.5
# What may be resident in the end and was not yet at the first sample.
GROWTH_MAX_KIB = 512


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000000, help="(1000000)")
    parser.add_argument("--in-flight", type=int, default=64, metavar="N", help="(64)")
    parser.add_argument("--rounds", type=int, default=3, help="of each program (3)")
    parser.add_argument("--miko", metavar="PATH",
                        default=os.path.join(ROOT, "build", "release", "miko"),
                        help="the program to measure (build/release/miko)")
    parser.add_argument("--gate", action="store_true", help="exit 1 if memory grows")
    options = parser.parse_args(argv)
    if not os.access(options.miko, os.X_OK):
        parser.error("no program at {}: build it".format(options.miko))
    options.miko = os.path.abspath(options.miko)
    return options


def most_resident_kib(pid):
    """The most that was resident so far, as a list; empty once the process has ended."""
    with open("/proc/{}/status".format(pid)) as file:
        return [int(line.split()[1]) for line in file if line.startswith("VmHWM")]


def batch(options, environment):
    """Gives (rows a second, CPU us per row, KiB resident at the first sample, the most)."""
    rows = subprocess.Popen(["sh", "-c", ROWS.format(options.rows)], stdout=subprocess.PIPE)
    start = time.monotonic()
    miko = subprocess.Popen([options.miko, "batch", "-q", "-j", str(options.in_flight)],
                            stdin=rows.stdout, stdout=subprocess.PIPE, env=environment)
    counter = subprocess.Popen(["grep", "-c", '"ok":true'], stdin=miko.stdout,
                               stdout=subprocess.PIPE, text=True)
    rows.stdout.close()
    miko.stdout.close()
    samples, usage = [], None
    while usage is None:
        time.sleep(SAMPLE_SECONDS)
        samples += most_resident_kib(miko.pid)
        ended, status, of_child = os.wait4(miko.pid, os.WNOHANG)
        if ended:
            usage, miko.returncode = of_child, os.waitstatus_to_exitcode(status)
    answered = int(counter.communicate()[0])
    wall = time.monotonic() - start
    rows.wait()
    if miko.returncode != 0 or answered != options.rows:
        raise Broken("miko ended with {}, {} of {} rows were answered rightly".format(
            miko.returncode, answered, options.rows))
    cpu = usage.ru_utime + usage.ru_stime
    return options.rows / wall, cpu * 1e6 / options.rows, samples[0], samples[-1]


def bare(options, words, environment):
    done = subprocess.run(words + [str(options.in_flight), str(options.rows), "echo"],
                          stdout=subprocess.PIPE, env=environment, check=True)
    figures = json.loads(done.stdout)
    if figures["calls"] != options.rows:
        raise Broken("the C client made {} calls".format(figures["calls"]))
    return options.rows / figures["seconds"]


def main(argv):
    options = parse(argv)
    enter_lab(__file__, "none", argv)
    bench = Bench(options=options, lab=open_lab(), peers=Peers(), skipped=[])
    words = bench.peers.windows[BARE_CLIENT]
    rates, bare_rates, flat = [], [], True
    with tempfile.TemporaryDirectory(prefix="miko-stream-") as home:
        environment = bench.environment(home)
        with echo_service(bench, "echo"):
            print("{:>12}{:>12}{:>14}{:>14}{:>14}".format(
                "rows/s", "us CPU/row", "first MiB", "most MiB", "bare C, /s"))
            for _ in range(options.rounds):
                rate, cpu, first, most = batch(options, environment)
                rates.append(rate)
                bare_rates.append(bare(options, words, environment))
                flat = flat and most - first <= GROWTH_MAX_KIB
                print("{:>12.0f}{:>12.1f}{:>14.2f}{:>14.2f}{:>14.0f}".format(
                    rate, cpu, first / 1024, most / 1024, bare_rates[-1]), flush=True)
    print("{} rows each, {} in flight: {:.2f}x of bare C, memory {}".format(
        options.rows, options.in_flight, statistics.median(rates) / statistics.median(bare_rates),
        "is flat" if flat else "GROWS"))
    return 1 if options.gate and not flat else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Broken, CannotBuild) as error:
        sys.exit("benchmark: {}".format(error))
