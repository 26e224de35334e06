"""The private RabbitMQ and the Nameko services that lab.py runs: their settings, start and end."""

import base64
import ctypes
import hashlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from urllib.parse import quote

import amqp_probe
from private_broker import Installation, Node, write

HERE = os.path.dirname(os.path.abspath(__file__))
USER = "miko"
# Recognisable on purpose: the suite looks for it in everything miko prints.
PASSWORD = "m4rker-Secret"
VHOST_OF = {"2.14.1": "/", "3.0.0rc11": "nameko3"}
# The services of one process come up in no particular order.
QUEUES = ("rpc-greeting", "rpc-lab", "rpc-lab.dotted", "rpc-shop", "evt-shop-paid--watcher.pool",
          "evt-shop-paid--observer.pool")
READY_WITHIN = 60.0
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The lab cannot start although everything it needs seems to be installed."""


def die_with(parent):
    """For preexec_fn: the kernel kills this process when `parent` (a process id) ends."""

    def arrange():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def tail(path, lines=15):
    try:
        with open(path, errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError as error:
        return str(error)


def uri(port, vhost):
    path = "" if vhost == "/" else quote(vhost, safe="")
    return "amqp://{}:{}@127.0.0.1:{}/{}".format(USER, PASSWORD, port, path)


def venv_of(version):
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    venvs = os.environ.get("MIKO_VENVS") or os.path.join(cache, "miko")
    return os.path.join(venvs, "nameko-" + version)


class Lab:
    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix="miko-lab-")
        self.pid = os.getpid()
        self.children = []
        self.nodes = []
        self.services = {}
        self.skipped = []
        os.mkfifo(self.path("control"), 0o600)
        self.control = os.open(self.path("control"), os.O_RDONLY | os.O_NONBLOCK)

    def path(self, name):
        return os.path.join(self.directory, name)

    def spawn(self, argv, env, log):
        with open(log, "ab") as output:
            child = subprocess.Popen(
                argv, env=env, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, preexec_fn=die_with(self.pid))
        self.children.append(child)
        return child

    def kill(self):
        """No polite shutdown: all state is thrown away, and RabbitMQ would take seconds."""
        for child in reversed(self.children):
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        self.children = []

    def end(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self):
        installation = Installation()
        if not installation.folder:
            self.skipped.append("RabbitMQ: no rabbitmq-server " + (
                "below " + installation.root if installation.root else "on this machine"))
            if os.environ.get("MIKO_REQUIRE_LAB") == "1":
                raise LabError(self.skipped[0])
            return
        for attempt in range(3):
            try:
                self.start_nodes(installation)
                break
            except LabError as error:
                self.kill()
                # Between choosing a port and listening on it somebody else may take it.
                if attempt == 2 or "eaddrinuse" not in str(error):
                    raise
        waiting = {v: self.start_service(v) for v in self.options.nameko if self.has_venv(v)}
        for version, child in waiting.items():
            for queue in QUEUES:
                self.await_ready(self.nodes[-1].port, VHOST_OF[version], queue, child,
                                 self.services[version]["log"])

    def has_venv(self, version):
        python = os.path.join(venv_of(version), "bin", "python")
        if os.access(python, os.X_OK):
            return True
        self.skipped.append("Nameko {}: no virtual environment at {} (scripts/install makes it)"
                            .format(version, venv_of(version)))
        return False

    def start_nodes(self, installation):
        epmd_port, *free = free_ports(1 + 4 * self.options.nodes)
        if not os.path.exists(self.path(".erlang.cookie")):
            write(self.path(".erlang.cookie"), "MIKO" + os.urandom(8).hex(), 0o400)
        self.nodes = []
        for number in range(1, self.options.nodes + 1):
            name = "miko-{}-{}@localhost".format(os.path.basename(self.directory)[-8:], number)
            ports, free = free[:4] + [epmd_port], free[4:]
            self.nodes.append(Node(installation, name, self.path("node-{}".format(number)),
                                   self.directory, ports, [node.name for node in self.nodes]))
        self.spawn(installation.command("epmd", "-port", str(epmd_port), "-address", "127.0.0.1"),
                   self.nodes[0].env, self.path("epmd.log"))
        for node in self.nodes:
            node.start(self.spawn, self.broker_config(), self.options.management)
            self.await_ready(node.port, "empty", None, node.process, node.log)

    def broker_config(self):
        lines = ["load_definitions = " + self.path("definitions.json")]
        if not os.path.exists(self.path("definitions.json")):
            write(self.path("definitions.json"), self.definitions())
        if self.options.tls:
            folder = os.path.abspath(self.options.tls)
            for key, name in (("cacertfile", "ca.pem"), ("certfile", "server.pem"),
                              ("keyfile", "server.key")):
                lines.append("ssl_options.{} = {}".format(key, os.path.join(folder, name)))
        return lines + self.options.broker_config

    def definitions(self):
        vhosts = ["/", "nameko3", "empty"] + self.options.vhost
        users = [(USER, PASSWORD, "administrator", (".*", ".*", ".*")),
                 ("guest", "guest", "administrator", (".*", ".*", ".*"))]
        for text in self.options.user:
            name, password, *rights = text.split(":", 4)
            users.append((name, password, "", rights))
        return json.dumps({
            "vhosts": [{"name": name} for name in vhosts],
            "users": [{"name": name, "password_hash": password_hash(password), "tags": tags,
                       "hashing_algorithm": "rabbit_password_hashing_sha256"}
                      for name, password, tags, _ in users],
            "permissions": [{"user": name, "vhost": vhost, "configure": rights[0],
                             "write": rights[1], "read": rights[2]}
                            for name, _, _, rights in users for vhost in vhosts],
        })

    def start_service(self, version):
        vhost = VHOST_OF[version]
        # A classic queue lives on the node that its service is connected to. On the last one, so
        # that tests can take the first away.
        broker = uri(self.nodes[-1].port, vhost)
        log, executed = self.path("nameko-" + version + ".log"), self.path("executed-" + version)
        config = write(self.path("config-" + version + ".yaml"),
                       "AMQP_URI: {}\n".format(broker))
        write(executed, "")
        # Its own HOME and TMPDIR keep the service from reading or leaving anything elsewhere.
        env = {"PATH": "/usr/bin:/bin", "HOME": self.directory, "TMPDIR": self.directory,
               "LANG": "C.UTF-8", "PYTHONPATH": HERE, "PYTHONDONTWRITEBYTECODE": "1",
               "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore",
               "MIKO_LAB_EXECUTED": executed}
        nameko = os.path.join(venv_of(version), "bin", "nameko")
        command = [nameko, "run", "--config", config, "lab_service"]
        child = self.spawn(command, env, log)
        self.services[version] = {"vhost": vhost, "uri": broker, "pid": child.pid,
                                  "log": log, "config": config, "executed": executed,
                                  "command": ["env", "-i"] + [k + "=" + v for k, v in env.items()]
                                  + command}
        return child

    def await_ready(self, port, vhost, queue, child, log):
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                if amqp_probe.has_consumer(port, USER, PASSWORD, vhost, queue):
                    return
                reason = "nobody consumes from " + queue
            except (OSError, amqp_probe.Refused) as error:
                reason = str(error)
            if child.poll() is not None:
                raise LabError("{} ended with status {}:\n{}".format(
                    child.args[0], child.returncode, tail(log)))
            if time.monotonic() > deadline:
                raise LabError("not ready after {:.0f} s ({}):\n{}".format(
                    READY_WITHIN, reason, tail(log)))
            time.sleep(0.05)

    def description(self):
        about = {"directory": self.directory, "pid": self.pid, "services": self.services,
                 "skipped": self.skipped}
        if self.nodes:
            first = self.nodes[0]
            about.update({
                "host": "127.0.0.1", "port": first.port, "user": USER, "password": PASSWORD,
                "uri": uri(first.port, "/"), "log": first.log, "broker_pid": first.process.pid,
                "rabbitmqctl": first.rabbitmqctl,
                "nodes": [{"name": node.name, "uri": uri(node.port, "/"),
                           "pid": node.process.pid, "log": node.log, "command": node.command}
                          for node in self.nodes]})
            if self.options.tls:
                about["tls_port"] = first.tls_port
            if self.options.management:
                about["management_port"] = first.management_port
        return about

    def wait_for_the_end(self, until_eof_of=None):
        """Until `lab.py stop`, a signal, or the end of file `until_eof_of`."""
        watched = select.poll()
        watched.register(self.control, select.POLLIN)
        if until_eof_of is not None:
            watched.register(until_eof_of, select.POLLIN)
        while True:
            for fd, _ in watched.poll():
                if fd == self.control or not os.read(fd, 4096):
                    return


def password_hash(password):
    """RabbitMQ's own form: base64 of salt and SHA-256 of salt and password."""
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
