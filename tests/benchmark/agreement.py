#!/usr/bin/env python3
"""Does `miko bench` measure rightly? Two others measure the same.

Starts a private RabbitMQ and Nameko (tests/support/lab.py), and loads a C program that answers and
Nameko's own greeting.hello.

The same calls: socket_clock.c, preloaded into `miko bench`, notes when each request goes to the
socket and when its reply comes from there. From these times the figures of the very calls that bench
reports are computed, with exact percentiles.

Another client: a C program that times every call by itself (latency.c: rabbitmq-c's connection)
takes turns with `miko bench`. Where a call takes 0.1 ms, one run differs from the next by a fifth,
of either program: how the broker's threads came to lie decides that. So there are many short rounds.
The two of a round are compared with each other, because the machine may be faster in the next, and
the confidence interval (95 %) of the median of these ratios tells how sure it is. For `miko bench` alone rate times mean latency must be the number in flight (Little's law).

In both cases the median of the ratios of all rounds must be within 5 % of 1.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Optional

from peers import HERE, CannotBuild, Peers
from runs import SERVICE_VERSION, Bench, Broken, echo_service, enter_lab, open_lab

ROOT = os.path.dirname(os.path.dirname(HERE))
TOLERANCE = 0.05
FIGURES = ("rate", "mean", "p50", "p99")
# Of another client's calls p99 is shown, but a stall of the machine in one round decides it.
FIGURES_OF_OTHER = ("rate", "mean", "p50")
PATIENCE_SECONDS = 300


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=201,
                        help="of miko bench and the other client (201)")
    parser.add_argument("--same", type=int, default=11, metavar="ROUNDS",
                        help="in which the same calls are timed twice (11)")
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


@dataclass
class Clients:
    """What is run, where, and the environment it sees."""

    miko: str
    latency: str
    socket_clock: str
    environment: dict

    def bench(self, load, **environment):
        report = run_one(load.words_of_bench(self.miko), {**self.environment, **environment})
        if report["ok"] != load.calls:
            raise Broken("{} of {} calls succeeded".format(report["ok"], load.calls))
        return dict(report["latency_ms"], rate=report["rate"])

    def bench_and_clock(self, load, notes):
        """What bench says, and what its socket says of the same calls."""
        says = self.bench(load, LD_PRELOAD=self.socket_clock, SOCKET_CLOCK=notes)
        with open(notes) as file:
            return says, from_socket(file, load)

    def other(self, load):
        return run_one(load.words_of_other(self.latency), self.environment)


def from_socket(lines, load):
    """Replies come in the order of the requests: one program answers them one after the other, or
    there is never more than one."""
    times = {"request": [], "reply": []}
    for line in lines:
        what, seconds = line.split()
        times[what].append(float(seconds))
    requests, replies = times["request"], times["reply"]
    if len(requests) != load.calls or len(replies) != load.calls:
        raise Broken("the socket saw {} requests and {} replies of {} calls".format(
            len(requests), len(replies), load.calls))
    due = requests
    if load.rate:
        # None leaves before it is due, so the one that was least late tells when the first was.
        first = min(sent - i / load.rate for i, sent in enumerate(requests))
        due = [first + i / load.rate for i in range(load.calls)]
    taken = sorted((reply - then) * 1000 for reply, then in zip(replies, due))
    return {"rate": load.calls / (replies[-1] - due[0]), "mean": statistics.mean(taken),
            "p50": taken[(load.calls - 1) // 2], "p99": taken[(load.calls - 1) * 99 // 100]}


def time_the_same_calls(clients, load, rounds):
    """One pair for each round: bench, socket."""
    with tempfile.TemporaryDirectory(prefix="miko-agreement-") as folder:
        notes = os.path.join(folder, "notes")
        return [clients.bench_and_clock(load, notes) for _ in range(rounds)]


def take_turns(clients, load, rounds):
    """One pair for each round: bench, the other client."""
    order = random.Random(1)
    pairs = []
    for _ in range(rounds):
        turns = order.sample([clients.bench, clients.other], 2)
        found = {turn: turn(load) for turn in turns}
        pairs.append((found[clients.bench], found[clients.other]))
    return pairs


def ratios_of(pairs, figure):
    return sorted(miko[figure] / theirs[figure] for miko, theirs in pairs)


def median_interval(ordered):
    """Where the median of what these are a sample of lies, with 95 % confidence."""
    reach = 0.98 * math.sqrt(len(ordered))
    middle = (len(ordered) - 1) / 2
    return (ordered[max(math.floor(middle - reach), 0)],
            ordered[min(math.ceil(middle + reach), len(ordered) - 1)])


def least_and_most(ordered):
    return ordered[0], ordered[-1]


def is_near_one(ratio):
    return abs(ratio - 1) <= TOLERANCE


def compare(title, pairs, decisive, interval):
    """Prints the figures side by side; returns them with whether those that decide agree.
    `interval`: of the ordered ratios, from where to where they are to be shown."""
    print(title)
    found = {"title": title, "figures": {}, "agree": True}
    for figure in FIGURES:
        ratios = ratios_of(pairs, figure)
        ratio = statistics.median(ratios)
        low, high = interval(ratios)
        miko, theirs = (statistics.median(pair[side][figure] for pair in pairs)
                        for side in (0, 1))
        differs = figure in decisive and not is_near_one(ratio)
        print("  {:<12}{:>12.3f}{:>12.3f}{:>9.3f}  {:.3f} - {:.3f}{}".format(
            figure + ("/s" if figure == "rate" else ", ms"), miko, theirs, ratio, low, high,
            "  DIFFERS" if differs else ""))
        found["figures"][figure] = {"miko": miko, "other": theirs, "ratio": ratio, "low": low,
                                    "high": high}
        found["agree"] = found["agree"] and not differs
    sys.stdout.flush()
    return found


def check_little(load, pairs):
    little = statistics.median(miko["rate"] * miko["mean"] / 1000 / load.in_flight
                               for miko, _ in pairs)
    print("  {:<36}{:>9.3f}{}".format("rate x mean / in flight", little,
                                      "" if is_near_one(little) else "  DIFFERS"))
    return is_near_one(little)


def loads_of(bench):
    """One call at a time, and a pace that leaves the machine idle now and then: where it has no time
    to spare, a client that does more for each call is slower, and that is what the benchmark of
    speed is about."""
    nameko = "greeting.hello of Nameko " + SERVICE_VERSION
    loads = [Load("the C program", "echo", 2000, in_flight=1),
             Load("the C program", "echo", 500, rate=1000)]
    if SERVICE_VERSION in bench.lab["services"]:
        loads += [Load(nameko, "greeting", 500, in_flight=1),
                  Load(nameko, "greeting", 100, rate=200)]
    return loads


def measure(options, clients, load):
    print("{:<14}{:>12}{:>12}{:>9}  {}".format("", "miko bench", "its socket", "ratio",
                                               "least - most"))
    same = compare(load.title + ": the same calls",
                   time_the_same_calls(clients, load, options.same), FIGURES, least_and_most)
    print("{:<14}{:>12}{:>12}{:>9}  {}".format("", "miko bench", "latency.c", "ratio",
                                               "its confidence interval"))
    pairs = take_turns(clients, load, options.rounds)
    other = compare(load.title + ": another client", pairs, FIGURES_OF_OTHER, median_interval)
    if not load.rate:
        other["agree"] = check_little(load, pairs) and other["agree"]
    return [same, other]


def main(argv):
    options = parse(argv)
    enter_lab(__file__, SERVICE_VERSION, argv)
    bench = Bench(options=options, lab=open_lab(), peers=Peers(), skipped=[])
    latency = bench.peers.required("latency", ["-lrabbitmq"])
    socket_clock = bench.peers.required("socket_clock", ["-shared", "-fPIC", "-ldl"])
    found = []
    with tempfile.TemporaryDirectory(prefix="miko-agreement-") as home:
        clients = Clients(options.miko, latency, socket_clock, bench.environment(home))
        with echo_service(bench, "echo"):
            for load in loads_of(bench):
                found += measure(options, clients, load)
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
