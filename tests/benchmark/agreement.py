#!/usr/bin/env python3
"""Does `miko bench` measure rightly? Another program measures the same, and the two are compared.

Starts a private RabbitMQ and Nameko (tests/support/lab.py). `miko bench` and a C program that times
every call by itself (latency.c: rabbitmq-c's connection, exact percentiles) take turns with the same
load, against a C program that answers and against Nameko's own greeting.hello. The two of a round
are compared with each other, because the machine may be faster in the next; the median of these
ratios must be within 5 % of 1. For `miko bench` alone rate times mean latency must be the number in
flight (Little's law), which no second program can disturb.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Optional

from peers import HERE, CannotBuild, Peers, compile_c
from runs import SERVICE_VERSION, Bench, Broken, echo_service, enter_lab, open_lab

ROOT = os.path.dirname(os.path.dirname(HERE))
TOLERANCE = 0.05
FIGURES = ("rate", "mean", "p50")
# Shown, but one stall of the machine in a round decides it.
SHOWN = FIGURES + ("p99",)
PATIENCE_SECONDS = 300


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=41, help="of each program (41)")
    parser.add_argument("--miko", metavar="PATH",
                        default=os.path.join(ROOT, "build", "release", "miko"),
                        help="the program to check (build/release/miko)")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    parser.add_argument("--gate", action="store_true", help="exit 1 if they do not agree")
    options = parser.parse_args(argv)
    if not os.access(options.miko, os.X_OK):
        parser.error("no program at {}: build it".format(options.miko))
    options.miko = os.path.abspath(options.miko)
    return options


def run_one(words, environment):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment, timeout=PATIENCE_SECONDS)
    if done.returncode != 0:
        raise Broken("{} ended with {}\n{}".format(words[0], done.returncode, done.stderr[:2000]))
    return json.loads(done.stdout)


def from_bench(report, calls):
    if report["ok"] != calls:
        raise Broken("{} of {} calls succeeded".format(report["ok"], calls))
    return dict(report["latency_ms"], rate=report["rate"])


@dataclass
class Load:
    """`calls` calls of hello of `service`, `in_flight` at a time, or `rate` of them a second."""

    label: str
    service: str
    calls: int
    in_flight: int = 1000
    rate: Optional[int] = None

    @property
    def title(self):
        paced = "{} a second".format(self.rate) if self.rate else "{} in flight".format(
            self.in_flight)
        return "{}, {}".format(self.label, paced)

    def words_of_bench(self, miko):
        rate = ["-r", str(self.rate)] if self.rate else []
        return [miko, "bench", self.service, "hello", "--args", '["Ann"]', "-o", "json", "-j",
                str(self.in_flight), "-n", str(self.calls)] + rate

    def words_of_other(self, latency):
        rate = [str(self.rate)] if self.rate else []
        return [latency, str(self.in_flight), str(self.calls), self.service] + rate


def measure(options, latency, environment, load):
    """Gives three dictionaries of medians: what miko says, what the other program says, and the
    ratio of the two in a round."""
    bench, other = load.words_of_bench(options.miko), load.words_of_other(latency)
    turns = {"miko": lambda: from_bench(run_one(bench, environment), load.calls),
             "other": lambda: run_one(other, environment)}
    samples = {name: [] for name in turns}
    order = random.Random(1)
    for _ in range(options.rounds):
        for name in order.sample(list(turns), len(turns)):
            samples[name].append(turns[name]())
    pairs = [{figure: miko[figure] / theirs[figure] for figure in SHOWN}
             for miko, theirs in zip(samples["miko"], samples["other"])]
    for one in samples["miko"]:
        one["little"] = one["rate"] * one["mean"] / 1000 / load.in_flight
    return ({figure: statistics.median(one[figure] for one in taken) for figure in taken[0]}
            for taken in (samples["miko"], samples["other"], pairs))


def compare(load, miko, other, ratios):
    """Prints the figures side by side and returns them with whether all of them agree."""
    print(load.title)
    for figure in SHOWN:
        verdict = "" if figure not in FIGURES or is_near_one(ratios[figure]) else "  DIFFERS"
        print("  {:<12}{:>12.3f}{:>12.3f}{:>9.3f}{}".format(
            figure + ("/s" if figure == "rate" else ", ms"), miko[figure], other[figure],
            ratios[figure], verdict))
    agree = all(is_near_one(ratios[figure]) for figure in FIGURES)
    if not load.rate:
        agree = agree and is_near_one(miko["little"])
        print("  {:<36}{:>9.3f}".format("rate x mean / in flight", miko["little"]))
    sys.stdout.flush()
    return {"load": load.title, "miko": miko, "other": other, "ratios": ratios, "agree": agree}


def is_near_one(ratio):
    return abs(ratio - 1) <= TOLERANCE


def loads_of(bench):
    """One call at a time, and a pace that leaves the machine idle now and then: where it has no time
    to spare, a client that does more for each call is slower, and that is what the benchmark of
    speed is about."""
    nameko = "greeting.hello of Nameko " + SERVICE_VERSION
    loads = [Load("the C program", "echo", 2000, in_flight=1),
             Load("the C program", "echo", 1000, rate=1000)]
    if SERVICE_VERSION in bench.lab["services"]:
        loads += [Load(nameko, "greeting", 2000, in_flight=1),
                  Load(nameko, "greeting", 200, rate=200)]
    return loads


def main(argv):
    options = parse(argv)
    enter_lab(__file__, SERVICE_VERSION, argv)
    bench = Bench(options=options, lab=open_lab(), peers=Peers(), skipped=[])
    latency = os.path.join(bench.peers.folder, "latency")
    problem = compile_c("latency.c", latency, ["-lrabbitmq"])
    if problem:
        raise CannotBuild("latency.c: " + problem)
    found = []
    with tempfile.TemporaryDirectory(prefix="miko-agreement-") as home:
        environment = bench.environment(home)
        print("{:<14}{:>12}{:>12}{:>9}".format("", "miko bench", "latency.c", "ratio"))
        with echo_service(bench, "echo"):
            for load in loads_of(bench):
                found.append(compare(load, *measure(options, latency, environment, load)))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=2)
    agree = all(one["agree"] for one in found)
    print("they agree within {:.0%}".format(TOLERANCE) if agree else "THEY DO NOT AGREE")
    return 1 if options.gate and not agree else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Broken, CannotBuild) as error:
        sys.exit("agreement: {}".format(error))
