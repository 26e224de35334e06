#!/usr/bin/env python3
"""Runs the examples of the README and holds what they print against what the README shows.

    lab.py run --nameko 2.14.1 -- examples.py MIKO     MIKO is the program

An example is an indented line that begins with "$ "; what follows, up to the next one, is what it
prints. Each runs in bash, in one folder, with the lab's broker in AMQP_URI. In what is shown "..."
stands for anything, and where SCENES says so a number for any number. An example that is neither
run nor listed in NOT_RUN is an error, so that none is forgotten.
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import List, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE_SECONDS = 60
SKIPPED = 77


@dataclass
class Scene:
    """What is around an example. Without one it runs on pipes and prints exactly what is shown."""

    terminal: bool = False
    numbers: bool = False  # a number stands for any
    lines: Optional[int] = None  # so many of the first lines shown are compared
    # Once it has printed `when`, these run one after the other.
    when: str = ""
    meanwhile: List[str] = field(default_factory=list)
    until: str = ""  # it is interrupted when it has printed this, or when this file is there


SCENES = {
    "miko -v call greeting hello name=Ann": Scene(numbers=True),
    "miko bench greeting hello name=Ann -n 2000 -j 5 --fail-if 'p99>200ms'":
        Scene(terminal=True, numbers=True, lines=4),
    "miko listen shop paid 'refund.*' --also stock=low | jq -c .data":
        Scene(terminal=True, when="listening",
              meanwhile=["miko dispatch shop paid id:=7 by=Ann"], until='"Ann"'),
    "miko listen shop paid -n 1 --for 10s || echo 'nothing was paid'":
        Scene(when="listening", meanwhile=["miko dispatch shop paid id:=7 by=Ann"], lines=0),
    "miko listen shop paid --exec 'jq -r .data.id >> paid-orders'":
        Scene(when="listening", meanwhile=["miko dispatch shop paid id:=7 by=Ann"],
              until="paid-orders"),
    "miko tap lab greeting":
        Scene(terminal=True, numbers=True, when="watching",
              meanwhile=["miko call greeting hello name=Ann", "miko call lab add :=40 b:=2",
                         "miko call lab boom", "miko call lab slow :=8"],
              until="no reply in 5 s"),
    "miko tap lab --tree -n 1":
        Scene(terminal=True, numbers=True, when="watching",
              meanwhile=["miko call lab inner_boom"]),
    "miko serve math --exec 'add(a, b)=./add.sh'":
        Scene(when="math", meanwhile=["chmod +x add.sh", "miko call math add a:=40 b:=2 > sum"],
              until="sum"),
    "miko services greeting lab": Scene(terminal=True, numbers=True),
    "miko probe lab echo boom": Scene(terminal=True, numbers=True),
    "miko ping lab -n 3 -i 500ms --timeout 1s": Scene(terminal=True, numbers=True, lines=2),
    "miko wait greeting lab --timeout 1m && run-the-tests": Scene(numbers=True),
}
NOT_RUN = {
    "miko tap orders --errors --for 1m | jq -r .error.message": "it takes a minute",
    "miko smoke smoke.yaml": "the suite has a test of its own",
    "miko services": "the lab's broker has no management API",
}


@dataclass
class Example:
    line: int
    command: str
    shown: List[str] = field(default_factory=list)


def examples(page):
    found = []
    inside = False
    for number, line in enumerate(page.split("\n"), 1):
        if line.startswith("    $ "):
            found.append(Example(number, line[6:]))
            inside = True
        elif inside and (line.startswith("    ") or not line):
            found[-1].shown.append(line[4:])
        else:
            inside = False
    for example in found:
        while example.shown and not example.shown[-1]:
            example.shown.pop()
    return found


def pattern(shown, scene):
    """A regular expression for what is shown."""
    if scene.lines is not None:
        shown = shown[:scene.lines]
    text = "\n".join(shown).replace("^C", "").lstrip("\n")
    if scene.numbers:
        text = re.sub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "...", text)
    text = re.escape(text).replace(re.escape("..."), "[^\n]*")
    if scene.numbers:
        # Also the blanks in front, which align it.
        text = re.sub(r"(\\ )*\d[\d.,\\]*\d|(\\ )*\d", r" *[\\d.,]+", text)
        text = re.sub(r"(\\ )+", " +", text)
    return text


class Stage:
    """A folder, the environment, and the shell that runs examples there."""

    def __init__(self, miko, folder, uri):
        self.folder = folder
        self.environment = {"PATH": os.path.dirname(miko) + ":/usr/local/bin:/usr/bin:/bin",
                            "HOME": folder, "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1",
                            "COLUMNS": "120", "AMQP_URI": uri}

    def run(self, command):
        subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=PATIENCE_SECONDS, check=False)

    def play(self, command, scene):
        """Returns what the example printed."""
        reader, process = self.start(command, scene.terminal)
        printed = ""
        waiting_for = scene.when
        to_do = list(scene.meanwhile)
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if select.select([reader], [], [], 0.1)[0]:
                try:
                    piece = os.read(reader, 65536)
                except OSError:  # the terminal of a process that has ended
                    piece = b""
                if not piece:
                    break
                printed += piece.decode(errors="replace").replace("\r", "")
            if to_do and waiting_for in printed:
                for one in to_do:
                    self.run(one)
                to_do = []
            if scene.until and not to_do and self.reached(scene.until, printed):
                os.killpg(process.pid, signal.SIGINT)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            printed += "\n(it did not end)"
        os.close(reader)
        process.wait()
        # As a terminal shows it: without colours, and without what was wiped away.
        return re.sub("[^\n]*\x1b\\[K", "", re.sub("\x1b\\[[0-9;]*m", "", printed))

    def reached(self, until, printed):
        path = os.path.join(self.folder, until)
        return until in printed or (os.path.exists(path) and os.path.getsize(path) > 0)

    def start(self, command, terminal):
        reader, writer = pty.openpty() if terminal else os.pipe()
        # Not an interactive shell, so programs that it starts keep its own group.
        script = "run-the-tests() { :; }; " + command
        process = subprocess.Popen(["bash", "-c", script], cwd=self.folder, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=writer,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        os.close(writer)
        return reader, process


def declare_exchanges(service, names):
    """As the services do that dispatch these events; miko never makes an exchange."""
    python = os.path.join(os.path.dirname(service["command"][-5]), "python")
    script = ("import sys, kombu\n"
              "channel = kombu.Connection(sys.argv[1]).channel()\n"
              "for name in sys.argv[2:]:\n"
              "    kombu.Exchange(name, type='topic', durable=True, channel=channel).declare()\n")
    subprocess.run([python, "-c", script, service["uri"]] + names, check=True)


def main(miko):
    with open(os.environ["MIKO_LAB"], encoding="utf-8") as file:
        services = json.load(file)["services"]
    if not services:
        print("SKIPPED: the lab has no Nameko")
        return SKIPPED
    service, = services.values()
    declare_exchanges(service, ["shop.events", "stock.events"])
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        found = examples(file.read())
    wrong = ["{}: no example of the README".format(command) for command in list(SCENES) + list(NOT_RUN)
             if command not in [example.command for example in found]]
    with tempfile.TemporaryDirectory(prefix="miko-examples-") as folder:
        stage = Stage(os.path.abspath(miko), folder, service["uri"])
        for example in found:
            if example.command in NOT_RUN:
                continue
            if example.command.startswith("cat "):
                with open(os.path.join(folder, example.command[4:]), "w", encoding="utf-8") as file:
                    file.write("\n".join(example.shown) + "\n")
                continue
            scene = SCENES.get(example.command, Scene())
            printed = stage.play(example.command, scene)
            if re.match(pattern(example.shown, scene), printed.lstrip("\n")) is None:
                wrong.append("README.md:{}: {}\nprints\n{}\ninstead of\n{}".format(
                    example.line, example.command, printed, "\n".join(example.shown)))
            else:
                print("ok  README.md:{}: {}".format(example.line, example.command))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
