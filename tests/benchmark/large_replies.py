"""One call with a reply of 1, 16 and 100 MB, of which the whole result is printed."""

import json
import os
import subprocess
import tempfile

import replies
from runs import NODE_AMQPLIB, Broken, Job, echo_service, run_interleaved, summarize
from table import Goal, find

SAX = "C++, RapidJSON SAX"
COMPACT, PRETTY = "miko, -o json", "miko, -o pretty"
MEGABYTE = 10**6
SIZES_MB = (1, 16, 100)
KINDS = {"string": replies.string, "list": replies.list_of_objects}
# What a process may take besides the reply.
BASE_MB = 8


def group_of(kind, megabytes):
    what = "one string" if kind == "string" else "a list of small objects"
    return "a reply of {} MB, {}".format(megabytes, what)


def service_of(kind, megabytes):
    return "large-{}-{}".format(kind, megabytes)


def make_jobs(bench, kind, megabytes):
    group, service = group_of(kind, megabytes), service_of(kind, megabytes)
    programs = {name: words + [service, "Ann"] for name, words in bench.peers.readers.items()}
    if bench.options.miko:
        call = [bench.options.miko, "--timeout", "60s", "call", service, "hello", "name=Ann", "-o"]
        programs = {PRETTY: call + ["pretty"], COMPACT: call + ["json"], **programs}
    # Whoever comes first where there is no SAX program: ratios need some base.
    base = next((name for name in programs if name.startswith(SAX)), next(iter(programs), None))
    return [Job(group, name, words, base) for name, words in programs.items()]


def require_result(bench, jobs, result):
    """Each must print the result; looked at once, outside the measurement."""
    with tempfile.TemporaryDirectory(prefix="miko-large-replies-") as home:
        for job in jobs:
            done = subprocess.run(job.words, capture_output=True, env=bench.environment(home),
                                  cwd=home)
            try:
                right = done.returncode == 0 and json.loads(done.stdout) == result
            except ValueError:
                right = False
            if not right:
                said = done.stderr.decode(errors="replace")[:2000]
                raise Broken("{} ({}) ended with {} and {} bytes, not the result\n{}".format(
                    job.name, job.group, done.returncode, len(done.stdout), said))


def large_replies(bench):
    """What one call with a large reply takes. A tenth of the rounds, because each run is long."""
    rounds = max(2, bench.options.rounds // 10)
    rows, goals, room = [], [], []
    with tempfile.TemporaryDirectory(prefix="miko-large-replies-") as directory:
        path = os.path.join(directory, "result.json")
        for kind, make in KINDS.items():
            for megabytes in SIZES_MB:
                result = make(megabytes * MEGABYTE)
                with open(path, "wb") as file:
                    file.write(result)
                jobs = make_jobs(bench, kind, megabytes)
                if not jobs:
                    continue
                with echo_service(bench, service_of(kind, megabytes), ["--result", path]):
                    if megabytes == min(SIZES_MB):
                        require_result(bench, jobs, json.loads(result))
                    runs = run_interleaved(bench, jobs, rounds, keep_output=False)
                rows += summarize(jobs, runs)
                room += room_of(jobs, runs, len(result))
            goals += goals_of(rows, kind)
    worst = max(room, default=None)
    goals.append(Goal("most memory of miko less {} MB / size of the reply".format(BASE_MB), "<=",
                      1.1, worst))
    return rows, goals


def room_of(jobs, runs, size):
    """For each run of miko: memory, less what it may take anyway, over the size of the reply."""
    return [(peak_kib * 1024 - BASE_MB * MEGABYTE) / size
            for job, samples in zip(jobs, runs) if job.name in (COMPACT, PRETTY)
            for _, _, peak_kib in samples]


def goals_of(rows, kind):
    """Of the largest reply: with smaller ones the start of the process counts."""
    group = group_of(kind, max(SIZES_MB))
    compact, pretty = find(rows, group, COMPACT), find(rows, group, PRETTY)
    sax, node = find(rows, group, SAX), find(rows, group, NODE_AMQPLIB)
    return [
        Goal("time of pretty / that of SAX, {}".format(group), "<=", 1.15,
             pretty.median_ms / sax.median_ms if pretty and sax else None),
        Goal("times faster than node, {}".format(group), ">=", 2.5,
             node.median_ms / compact.median_ms if compact and node else None)]
