#!/usr/bin/env python3
"""How fast miko is beside other ways to call a Nameko service, measured on this machine.

Starts a private RabbitMQ and a Nameko service (tests/support/lab.py), runs every client in turn,
round after round, and prints one table and whether miko reached its goals. All goals are ratios
inside one interleaved run: milliseconds depend on the machine, ratios much less.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import Optional

from peers import CannotBuild, HERE, Peers

ROOT = os.path.dirname(os.path.dirname(HERE))
SERVICE_VERSION = "2.14.1"
NODE_AMQPLIB = "node, amqplib"
BASE_CLIENT = "C sequential"
EMPTY = "empty C program, static"


class Broken(Exception):
    """The numbers would mean nothing: a client failed or printed something else."""


@dataclass
class Job:
    """One command to measure. `expected` is the result it must print; None: anything."""

    group: str
    name: str
    words: list
    base: str
    expected: object = None


@dataclass
class Row:
    group: str
    client: str
    median_ms: float
    p10_ms: float
    p90_ms: float
    ratio: float
    cpu_ms: float
    rss_mb: float


@dataclass
class Goal:
    """`limit` is the largest allowed value when `relation` is "<=", the smallest when ">=".
    `value` is None when one of the two programs compared is missing."""

    what: str
    relation: str
    limit: float
    value: Optional[float]

    @property
    def reached(self):
        if self.value is None:
            return False
        return self.value <= self.limit if self.relation == "<=" else self.value >= self.limit


@dataclass
class Bench:
    """What every section needs."""

    options: argparse.Namespace
    lab: dict
    peers: Peers
    skipped: list

    @property
    def uri(self):
        service = self.lab["services"].get(SERVICE_VERSION)
        return service["uri"] if service else self.lab["uri"]

    def environment(self, home):
        """What the clients see: nothing of the user's own configuration."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": home,
                "AMQP_URI": self.uri, "NODE_PATH": self.peers.node_path}


@contextlib.contextmanager
def echo_service(bench, name):
    """A C program answering as service `name` until the end of the block."""
    env = dict(os.environ, AMQP_URI=bench.uri)
    responder = subprocess.Popen([bench.peers.echo_responder, name], env=env, text=True,
                                 stdout=subprocess.PIPE)
    try:
        if responder.stdout.readline() != "ready\n":
            raise Broken("the echo responder did not start")
        yield
    finally:
        responder.kill()
        responder.wait()
        responder.stdout.close()


def run_interleaved(bench, jobs, rounds):
    """Runs all jobs `rounds` times after a round to warm up. Gives for each job a list of
    (wall ns, CPU us, max RSS KB)."""
    runs = [[] for _ in jobs]
    with tempfile.TemporaryDirectory(prefix="miko-benchmark-") as directory:
        done = subprocess.run(
            [bench.peers.runner, str(rounds + 1), directory], text=True, stdout=subprocess.PIPE,
            input="".join("\t".join(job.words) + "\n" for job in jobs),
            env=bench.environment(directory), cwd=directory, check=True)
        for line in done.stdout.splitlines():
            number, round_number, wall, cpu, rss, status = map(int, line.split())
            if status != 0:
                complain(jobs[number], "ended with status {}".format(status), directory, number)
            if round_number > 0:
                runs[number].append((wall, cpu, rss))
        for number, job in enumerate(jobs):
            check_output(job, rounds + 1, directory, number)
    return runs


def check_output(job, times, directory, number):
    """Each run must have printed the result, bare or in Nameko's {"result": any, "error": null}."""
    if job.expected is None:
        return
    with open(os.path.join(directory, "{}.out".format(number))) as file:
        lines = file.read().splitlines()
    right = (job.expected, {"result": job.expected, "error": None})
    try:
        wrong = [line for line in lines if json.loads(line) not in right]
    except ValueError as error:
        wrong = [str(error)]
    if wrong:
        complain(job, "printed {}".format(wrong[0]), directory, number)
    if len(lines) != times:
        complain(job, "printed {} results in {} runs".format(len(lines), times), directory, number)


def complain(job, what, directory, number):
    with open(os.path.join(directory, "{}.err".format(number)), errors="replace") as file:
        said = file.read(2000).strip()
    raise Broken("{} ({}) {}\n{}".format(job.name, job.group, what, said))


def summarize(jobs, runs):
    rows = []
    for job, samples in zip(jobs, runs):
        wall = [sample[0] / 1e6 for sample in samples]
        deciles = statistics.quantiles(wall, n=10, method="inclusive")
        rows.append(Row(group=job.group, client=job.name, median_ms=statistics.median(wall),
                        p10_ms=deciles[0], p90_ms=deciles[-1], ratio=0.0,
                        cpu_ms=statistics.median(sample[1] / 1e3 for sample in samples),
                        rss_mb=statistics.median(sample[2] / 1024 for sample in samples)))
    for job, row in zip(jobs, rows):
        base = find(rows, row.group, job.base)
        row.ratio = row.median_ms / base.median_ms
    return rows


def find(rows, group, client):
    """The first row of the group whose client's name begins with `client`, or None."""
    return next((row for row in rows if row.group == group and row.client.startswith(client)), None)


def call_jobs(bench, group, service, expected):
    jobs = []
    if bench.options.miko:
        words = [bench.options.miko, "call", service, "hello", "name=Ann"]
        jobs.append(Job(group, "miko", words, BASE_CLIENT, expected))
    for name, words in bench.peers.clients.items():
        jobs.append(Job(group, name, words + [service, "Ann"], BASE_CLIENT, expected))
    return jobs


def one_shot(bench):
    """Start, connect, one call, print, goodbye, exit: what a shell script pays for each call."""
    nameko_group = "one call, answered by Nameko {}".format(SERVICE_VERSION)
    echo_group = "one call, answered by a C program"
    start_group = "process start"
    jobs = []
    if SERVICE_VERSION in bench.lab["services"]:
        jobs += call_jobs(bench, nameko_group, "greeting", "Hello, Ann!")
    jobs += call_jobs(bench, echo_group, "echo", "Ann")
    if bench.options.miko:
        jobs.append(Job(start_group, "miko --version", [bench.options.miko, "--version"], EMPTY))
    jobs.append(Job(start_group, EMPTY, [bench.peers.empty], EMPTY))

    with echo_service(bench, "echo"):
        rows = summarize(jobs, run_interleaved(bench, jobs, bench.options.rounds))
    return rows, one_shot_goals(rows, nameko_group)


def one_shot_goals(rows, group):
    goals = []
    miko = find(rows, group, "miko")
    for client, what, relation, limit in (
            (BASE_CLIENT, "time of one call / that of sequential C", "<=", 0.80),
            (NODE_AMQPLIB, "times faster than node", ">=", 15.0),
            ("Nameko " + SERVICE_VERSION, "times faster than Nameko", ">=", 60.0)):
        other = find(rows, group, client)
        value = None
        if miko and other:
            ratio = miko.median_ms / other.median_ms
            value = ratio if relation == "<=" else 1 / ratio
        goals.append(Goal(what, relation, limit, value))
    return goals


# Each measures one thing with all of the machine to itself, and gives (rows, goals).
SECTIONS = {"one-shot": one_shot}


def print_table(rows):
    print("{:<28}{:>10}{:>18}{:>9}{:>9}{:>9}".format(
        "", "median ms", "p10 - p90 ms", "ratio", "CPU ms", "RSS MB"))
    group = None
    for row in rows:
        if row.group != group:
            group = row.group
            print(group)
        spread = "{:.2f} - {:.2f}".format(row.p10_ms, row.p90_ms)
        print("  {:<26}{:>10.2f}{:>18}{:>8.2f}x{:>9.2f}{:>9.1f}".format(
            row.client, row.median_ms, spread, row.ratio, row.cpu_ms, row.rss_mb))


def print_goals(goals):
    for goal in goals:
        verdict, value = "not measured", "?"
        if goal.value is not None:
            verdict = "reached" if goal.reached else "NOT REACHED"
            value = "{:.2f}".format(goal.value)
        print("{:<12} {}: {} (goal {} {:.2f})".format(verdict, goal.what, value, goal.relation,
                                                      goal.limit))


def write_json(path, bench, load_before, rows, goals):
    """{"rounds": int, "cores": int, "load": [float, float], "rows": [Row], "goals": [Goal and
    "reached": bool], "skipped": [str]}; load is the one-minute average before and after."""
    about = {"rounds": bench.options.rounds, "cores": os.cpu_count(),
             "load": [load_before, os.getloadavg()[0]],
             "rows": [asdict(row) for row in rows],
             "goals": [dict(asdict(goal), reached=goal.reached) for goal in goals],
             "skipped": bench.skipped}
    with open(path, "w") as file:
        json.dump(about, file, indent=2)
        file.write("\n")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="runs of each client (50)")
    parser.add_argument("--miko", metavar="PATH",
                        default=os.path.join(ROOT, "build", "release", "miko"),
                        help="the program to measure (build/release/miko)")
    parser.add_argument("--without-miko", action="store_true", help="measure the others only")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section only")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    parser.add_argument("--gate", action="store_true",
                        help="exit 1 if a goal is not reached, or not measured")
    options = parser.parse_args(argv)
    if options.rounds < 2:
        parser.error("--rounds must be at least 2")
    if options.without_miko and options.gate:
        parser.error("--gate needs miko")
    if options.without_miko:
        options.miko = None
    elif not os.access(options.miko, os.X_OK):
        parser.error("no program at {}: build it, or say --without-miko".format(options.miko))
    else:
        options.miko = os.path.abspath(options.miko)
    return options


def enter_lab(argv):
    """Runs this script again, inside a lab; never returns."""
    lab = os.path.join(ROOT, "tests", "support", "lab.py")
    python = sys.executable
    os.execv(python, [python, lab, "run", "--nameko", SERVICE_VERSION, "--", python,
                      os.path.abspath(__file__)] + argv)


def main(argv):
    options = parse(argv)
    if "MIKO_LAB" not in os.environ:
        enter_lab(argv)
    with open(os.environ["MIKO_LAB"]) as file:
        lab = json.load(file)
    if "uri" not in lab:
        raise Broken("no lab: " + "; ".join(lab["skipped"]))
    peers = Peers()
    skipped = list(dict.fromkeys(peers.skipped + lab["skipped"]))
    bench = Bench(options=options, lab=lab, peers=peers, skipped=skipped)

    load_before = os.getloadavg()[0]
    rows, goals = [], []
    for name in options.only or SECTIONS:
        more_rows, more_goals = SECTIONS[name](bench)
        rows += more_rows
        goals += more_goals

    print("{} rounds, {} cores, load {:.1f}".format(options.rounds, os.cpu_count(), load_before))
    print_table(rows)
    if options.miko:
        print_goals(goals)
    for reason in bench.skipped:
        print("skipped      " + reason)
    if options.json:
        write_json(options.json, bench, load_before, rows, goals)
    return 1 if options.gate and not all(goal.reached for goal in goals) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Broken, CannotBuild) as error:
        sys.exit("benchmark: {}".format(error))
