"""Where examples are played: a folder with files, an environment, a broker, and a shell."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import List, Optional

PATIENCE_SECONDS = 60
FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "folder")


@dataclass
class Scene:
    """What is around an example, and what must come of it."""

    # What the page shows:
    numbers: bool = False  # a number stands for any
    lines: Optional[int] = None  # so many of the first lines are compared
    # Where the page shows nothing:
    prints: str = ""  # a regular expression for what it prints
    leaves: str = ""  # this file, which is not empty
    status: int = 0  # unless it is interrupted
    # Around it:
    terminal: bool = False
    without: List[str] = field(default_factory=list)  # variables of the environment
    # These run all the time; each is ready when it speaks.
    beside: List[str] = field(default_factory=list)
    when: str = ""  # once it has printed this, these run one after the other
    meanwhile: List[str] = field(default_factory=list)
    until: str = ""  # miko is interrupted when this was printed, or this file is there


def as_seen(printed):
    """As a terminal shows it: without colours, and without what was wiped away."""
    printed = printed.replace("\r\n", "\n")
    printed = re.sub("[^\n]*\r\x1b\\[K", "", printed)
    return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", printed).replace("\r", "").lstrip("\n")


def interrupt_miko(session):
    """As Ctrl-C does, but of a pipeline only miko, so that the others come to its end."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/{}/stat".format(pid), encoding="utf-8", errors="replace") as file:
                name, rest = file.read().rsplit(")", 1)
            if name.endswith("(miko") and int(rest.split()[3]) == session:
                os.kill(int(pid), signal.SIGINT)
        except OSError:  # it ended just now
            pass


class Stage:
    def __init__(self, miko, folder, environment, real):
        """`real` has the real words, such as a port, for what the pages say."""
        self.folder = folder
        self.real = real
        self.environment = {
            "PATH": "{}:{}/bin:/usr/local/bin:/usr/bin:/bin".format(os.path.dirname(miko), folder),
            "HOME": folder, "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "120",
            **environment}

    def lay_out_files(self):
        """The files that examples read, as they were before other examples wrote to them."""
        shutil.copytree(FILES, self.folder, dirs_exist_ok=True)

    def start(self, command, terminal=False, without=()):
        reader, writer = pty.openpty() if terminal else os.pipe()
        for said, real in self.real.items():
            command = command.replace(said, real)
        environment = {k: v for k, v in self.environment.items() if k not in without}
        process = subprocess.Popen(["bash", "-c", command], cwd=self.folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=writer,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        os.close(writer)
        return reader, process

    def run(self, command):
        reader, process = self.start(command)
        with os.fdopen(reader, errors="replace") as output:
            printed = output.read()
        return process.wait(), printed

    def play(self, command, scene):
        """Returns what the example printed, and its exit status, which is None after an
        interruption."""
        others = []
        try:
            for other in scene.beside:
                others.append(self.start(other))
                select.select([others[-1][0]], [], [], PATIENCE_SECONDS)
            return self.watch(*self.start(command, scene.terminal, scene.without), scene)
        finally:
            for reader, process in others:
                os.close(reader)
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()

    def watch(self, reader, process, scene):
        printed = ""
        to_do = list(scene.meanwhile)
        interrupted = False
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if select.select([reader], [], [], 0.1)[0]:
                try:
                    piece = os.read(reader, 65536)
                except OSError:  # the terminal of a process that has ended
                    piece = b""
                if not piece:
                    break
                printed += piece.decode(errors="replace")
            if to_do and scene.when in printed:
                for one in to_do:
                    self.run(one)
                to_do = []
            if scene.until and not interrupted and not to_do and self.reached(scene.until, printed):
                interrupted = True
                interrupt_miko(process.pid)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            printed += "\n(it did not end)"
        os.close(reader)
        status = process.wait()
        for said, real in self.real.items():
            printed = printed.replace(real, said)
        return as_seen(printed), None if interrupted else status

    def reached(self, until, printed):
        return until in printed or self.has(until)

    def has(self, name):
        path = os.path.join(self.folder, name)
        return os.path.exists(path) and os.path.getsize(path) > 0

    def remove(self, name):
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.unlink(path)

    def write(self, name, lines):
        """A file that only its owner may read, as what has to do with passwords must be."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(path, 0o600)
