"""What the sections of the benchmark share: commands that take turns, and what they must print."""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from peers import HERE, Peers
from table import Row, find

SERVICE_VERSION = "2.14.1"
NODE_AMQPLIB = "node, amqplib"


class Broken(Exception):
    """The numbers would mean nothing: a client failed or printed something else."""


def enter_lab(script, nameko, argv):
    """Runs `script` again beside a RabbitMQ and this Nameko ("none": without), and never returns;
    does nothing when that is so already."""
    if "MIKO_LAB" in os.environ:
        return
    lab = os.path.join(HERE, "..", "support", "lab.py")
    python = sys.executable
    os.execv(python, [python, lab, "run", "--nameko", nameko, "--", python,
                      os.path.abspath(script)] + argv)


def open_lab():
    """The description of the lab this script runs in, as lab.py writes it."""
    with open(os.environ["MIKO_LAB"]) as file:
        lab = json.load(file)
    if "uri" not in lab:
        raise Broken("no lab: " + "; ".join(lab["skipped"]))
    return lab


@dataclass
class Job:
    """One command to measure. `expected` is the result it must print; None: anything."""

    group: str
    name: str
    words: list
    base: str
    expected: object = None


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
def echo_service(bench, name, options=()):
    """A C program answering as service `name` until the end of the block."""
    env = dict(os.environ, AMQP_URI=bench.uri)
    responder = subprocess.Popen([bench.peers.echo_responder, *options, name], env=env,
                                 text=True, stdout=subprocess.PIPE)
    try:
        if responder.stdout.readline() != "ready\n":
            raise Broken("the echo responder did not start")
        yield
    finally:
        responder.kill()
        responder.wait()
        responder.stdout.close()


def run_interleaved(bench, jobs, rounds, keep_output=True):
    """Runs all jobs `rounds` times after a round to warm up. Gives for each job a list of
    (wall ns, CPU us, max RSS KB). What a program prints is checked, unless it is not kept."""
    runs = [[] for _ in jobs]
    with tempfile.TemporaryDirectory(prefix="miko-benchmark-") as directory:
        if not keep_output:
            for number in range(len(jobs)):
                os.symlink(os.devnull, os.path.join(directory, "{}.out".format(number)))
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
        for number, job in enumerate(jobs if keep_output else []):
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
