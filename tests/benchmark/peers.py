"""Makes the programs that miko is measured against, outside the source tree."""

import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
AMQPLIB_VERSION = "2.3.1"
NAMEKO_VERSIONS = ["2.14.1", "3.0.0rc11"]
STATIC_LIBRABBITMQ = ["-static", "-lrabbitmq", "-lssl", "-lcrypto"]


class CannotBuild(Exception):
    """A program the benchmark cannot do without did not compile."""


def cache_directory():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "miko")


def reason(text):
    """The line of a tool's complaint that says most."""
    lines = text.strip().splitlines() or ["no reason given"]
    return next((line for line in lines if "error" in line or "cannot" in line), lines[-1])


def compile_with(compiler, standard, name, target, flags):
    """Returns None, or why it did not compile."""
    command = [compiler, "-O2", "-std=" + standard, os.path.join(HERE, name), "-o", target] + flags
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else reason(done.stderr)


def compile_c(name, target, flags):
    return compile_with(os.environ.get("CC", "cc"), "gnu11", name, target, flags)


def compile_cxx(name, target, flags):
    return compile_with(os.environ.get("CXX", "c++"), "gnu++20", name, target, flags)


class Peers:
    """`clients`: name to the words before SERVICE NAME; `readers`: the same, of those who print
    large results; `windows`: name to the words before WINDOW CALLS SERVICE; `dispatchers`: name
    to the words before EVENTS SERVICE; `skipped`: who is missing, and why."""

    def __init__(self):
        self.folder = os.path.join(cache_directory(), "benchmark")
        os.makedirs(self.folder, exist_ok=True)
        self.clients = {}
        self.readers = {}
        self.windows = {}
        self.dispatchers = {}
        self.skipped = []
        self.empty = self.required("empty", ["-static"])
        self.runner = self.required("runner", ["-static"])
        self.echo_responder = self.required("echo_responder", ["-lrabbitmq"])
        self.publish = self.required("publish", ["-lrabbitmq"])
        self.clients["C sequential"] = [self.required("sequential", ["-lrabbitmq"])]
        window = self.required("window", ["-lrabbitmq"])
        self.windows["C, rabbitmq-c, bare"] = [window]
        self.windows["C, bare, with expiration"] = [window, "--expiration"]
        self.add_static_c()
        self.add_sax()
        self.add_node()
        for version in NAMEKO_VERSIONS:
            self.add_nameko(version)

    @property
    def node_path(self):
        return os.path.join(self.folder, "node_modules")

    def required(self, name, flags):
        target = os.path.join(self.folder, name)
        problem = compile_c(name + ".c", target, flags)
        if problem:
            raise CannotBuild("{}.c: {}".format(name, problem))
        return target

    def add_static_c(self):
        target = os.path.join(self.folder, "sequential-static")
        problem = compile_c("sequential.c", target, STATIC_LIBRABBITMQ)
        if problem:
            self.skipped.append("C sequential, static: {}".format(problem))
        else:
            self.clients["C sequential, static"] = [target]

    def add_sax(self):
        name = "C++, RapidJSON SAX"
        target = os.path.join(self.folder, "sax")
        problem = compile_cxx("sax.cpp", target, ["-lrabbitmq"])
        if problem:
            self.skipped.append("{}: {}".format(name, problem))
        else:
            self.readers[name + ", pretty"] = [target]

    def add_node(self):
        node, npm = shutil.which("node"), shutil.which("npm")
        name = "node, amqplib " + AMQPLIB_VERSION
        if not node or not npm:
            self.skipped.append("{}: no {} here".format(name, "npm" if node else "node"))
            return
        if self.amqplib_version() != AMQPLIB_VERSION:
            done = subprocess.run(
                [npm, "install", "--prefix", self.folder, "--no-save", "--no-audit", "--no-fund",
                 "amqplib@" + AMQPLIB_VERSION], capture_output=True, text=True)
            if done.returncode != 0:
                self.skipped.append("{}: npm: {}".format(name, reason(done.stderr)))
                return
        self.clients[name] = [node, os.path.join(HERE, "node_client.js")]
        self.readers[name] = self.clients[name]
        self.windows[name] = [node, os.path.join(HERE, "node_window.js")]

    def amqplib_version(self):
        try:
            with open(os.path.join(self.node_path, "amqplib", "package.json")) as file:
                return json.load(file)["version"]
        except (OSError, KeyError, ValueError):
            return None

    def add_nameko(self, version):
        venvs = os.environ.get("MIKO_VENVS") or cache_directory()
        python = os.path.join(venvs, "nameko-" + version, "bin", "python")
        if os.access(python, os.X_OK):
            self.clients["Nameko " + version] = [python, os.path.join(HERE, "nameko_client.py")]
            self.windows["Nameko " + version] = [python, os.path.join(HERE, "nameko_window.py")]
            self.dispatchers["Nameko " + version] = [python,
                                                     os.path.join(HERE, "nameko_events.py")]
        else:
            self.skipped.append("Nameko {}: no virtual environment at {} (scripts/install makes it)"
                                .format(version, os.path.dirname(os.path.dirname(python))))
