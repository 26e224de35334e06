#!/usr/bin/env python3
"""A private RabbitMQ and real Nameko services, on loopback and free ports, gone afterwards.

  lab.py run [options] -- COMMAND...   COMMAND runs with MIKO_LAB naming the lab's description
  lab.py run [options]                 one line of JSON on stdout when ready; ends at EOF on stdin
  lab.py start --write FILE [--until-pid PID] [options]   the same as a daemon
  lab.py stop FILE

The description is JSON: {"host", "port", "tls_port"?, "management_port"?, "user", "password",
"uri", "log", "directory", "pid", "broker_pid", "rabbitmqctl": [argv prefix], "nodes": [{"name",
"uri", "pid", "log"}], "services": {"2.14.1": {"vhost", "uri", "pid", "log", "config", "executed",
"command": [argv to start another instance]}}, "skipped": [reasons]}. Without RabbitMQ on the machine it says
only what was skipped, unless MIKO_REQUIRE_LAB=1 makes that an error.

With --nodes above 1 the brokers form a cluster. The services are connected to the last node; all
else in the description is about the first.

With MIKO_BROKER_ROOT the broker is the one of the system in that folder, and runs in a chroot; that
takes root. Nameko is always this machine's.

Nothing outlives the lab: broker and services die with lab.py (PR_SET_PDEATHSIG), and a janitor
process waits for the end of lab.py and of whoever it works for, then removes the directory.
"""

import argparse
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time

from private_broker import write
from private_lab import VHOST_OF, Lab, LabError, die_with


def detach_from_terminal():
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def start_janitor(directory, master):
    """Forks the process that outlives lab.py by a moment, whatever kills lab.py.

    It asks lab.py to end when `master` (a pidfd) does, and removes the directory afterwards.
    """
    lab = os.pidfd_open(os.getpid())
    if os.fork() != 0:
        os.close(lab)
        return
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    detach_from_terminal()
    watched = select.poll()
    for fd in [lab] + ([] if master is None else [master]):
        watched.register(fd, select.POLLIN)
    # Holding on to somebody's pipe would keep its reader waiting for end of file.
    for fd in range(3, 1024):
        if fd not in (lab, master):
            try:
                os.close(fd)
            except OSError:
                pass
    if lab not in [fd for fd, _ in watched.poll()]:
        signal.pidfd_send_signal(lab, signal.SIGTERM)
        watched.unregister(master)
        if not watched.poll(10000):
            signal.pidfd_send_signal(lab, signal.SIGKILL)
            watched.poll()
    # The kernel is killing lab.py's children just now; until then they may still write files.
    for _ in range(100):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            break
        time.sleep(0.05)
    os._exit(0)


def end_on_signals():
    def end(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def run(options):
    end_on_signals()
    master = os.pidfd_open(os.getppid())
    lab = Lab(options)
    start_janitor(lab.directory, master)
    try:
        lab.start()
        text = json.dumps(lab.description())
        if not options.command:
            print(text, flush=True)
            lab.wait_for_the_end(until_eof_of=0)
            return 0
        env = dict(os.environ, MIKO_LAB=write(lab.path("lab.json"), text + "\n"))
        # Stays in our process group, so that it may use the terminal and gets its Ctrl-C.
        command = subprocess.Popen(options.command, env=env, preexec_fn=die_with(lab.pid))
        try:
            status = command.wait()
        except BaseException:
            command.terminate()
            command.wait()
            raise
        return status if status >= 0 else 128 - status
    finally:
        lab.end()


def start(options):
    master = None if options.until_pid is None else os.pidfd_open(options.until_pid)
    ready, report = os.pipe()
    if os.fork() != 0:
        os.close(report)
        with open(ready) as answer:
            problem = answer.read()
        if problem != "ready":
            sys.exit("lab.py: " + (problem or "the daemon died"))
        return 0
    os.setsid()
    os.close(ready)
    end_on_signals()
    detach_from_terminal()
    lab = Lab(options)
    start_janitor(lab.directory, master)
    try:
        lab.start()
        write(options.write, json.dumps(lab.description()) + "\n")
        os.write(report, b"ready")
        os.close(report)
        lab.wait_for_the_end()
    except LabError as error:
        os.write(report, str(error).encode())
    finally:
        lab.end()
        os._exit(0)


def stop(options):
    try:
        with open(options.file) as file:
            directory = json.load(file)["directory"]
    except FileNotFoundError:
        return 0
    try:
        # Nobody at the other end means that this lab is gone already.
        control = os.open(os.path.join(directory, "control"), os.O_WRONLY | os.O_NONBLOCK)
        os.write(control, b"stop")
        os.close(control)
    except OSError:
        pass
    deadline = time.monotonic() + 20
    while os.path.exists(directory) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.unlink(options.file)
    return 0


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, action in (("run", run), ("start", start)):
        one = verbs.add_parser(verb)
        one.set_defaults(action=action)
        one.add_argument("--nameko", default=",".join(VHOST_OF), metavar="VERSIONS",
                         type=lambda text: [v for v in text.split(",") if v not in ("", "none")])
        one.add_argument("--nodes", type=int, default=1, metavar="COUNT")
        one.add_argument("--broker-config", action="append", default=[], metavar="'KEY = VALUE'")
        one.add_argument("--vhost", action="append", default=[], metavar="NAME")
        one.add_argument("--user", action="append", default=[],
                         metavar="NAME:PASSWORD:CONFIGURE:WRITE:READ")
        one.add_argument("--management", action="store_true", help="with the management HTTP API")
        one.add_argument("--tls", metavar="DIR", help="has ca.pem, server.pem and server.key")
        if verb == "start":
            one.add_argument("--write", required=True, metavar="FILE")
            one.add_argument("--until-pid", type=int, metavar="PID")
    one = verbs.add_parser("stop")
    one.set_defaults(action=stop)
    one.add_argument("file", metavar="FILE")
    own, command = argv, []
    if "--" in argv:
        own, command = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    options = parser.parse_args(own)
    options.command = command
    for version in getattr(options, "nameko", []):
        if version not in VHOST_OF:
            parser.error("unknown Nameko version " + version)
    return options


if __name__ == "__main__":
    chosen = parse(sys.argv[1:])
    try:
        sys.exit(chosen.action(chosen))
    except LabError as error:
        sys.exit("lab.py: {}".format(error))
