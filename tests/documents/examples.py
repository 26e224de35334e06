#!/usr/bin/env python3
"""Runs the examples of the README or of the manual pages, and sees that each does what it says.

    examples.py MIKO readme|manual      MIKO is the program

An example of the README is an indented line that begins with "$ "; what follows, up to the next
one, is what it prints, where "..." stands for anything. One of a manual page is a line displayed in
its section EXAMPLES. Each runs in bash, in one folder, with a broker, a Nameko and a private authority
of its own; scenes.py says what is around it. An example that has neither output nor scene, and is
not listed as one that is not run, is an error: so none is forgotten.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pages
import scenes
from pages import ROOT
from stage import Scene, Stage

SKIPPED = 77
LAB = os.path.join(ROOT, "tests", "support", "lab.py")
ANN, BOB = "ann-s3cret", "bob-s3cret"


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


def make_certificates(folder):
    """An authority and a certificate for 127.0.0.1: ca.pem, server.pem and server.key."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, stderr=subprocess.DEVNULL)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key",
            "-out", "ca.pem")
    openssl("req", *new_key, "-subj", "/CN=broker", "-keyout", "server.key", "-out", "server.csr")
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as file:
        file.write("subjectAltName = IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")


def declare_exchanges(service):
    """As the services do that dispatch events; miko never makes an exchange."""
    python = os.path.join(os.path.dirname(service["command"][-5]), "python")
    script = ("import sys, kombu\n"
              "channel = kombu.Connection(sys.argv[1]).channel()\n"
              "for name in sys.argv[2:]:\n"
              "    kombu.Exchange(name, type='topic', durable=True, channel=channel).declare()\n")
    names = [name + ".events" for name in ("shop", "stock", "orders", "shipping")]
    subprocess.run([python, "-c", script, service["uri"]] + names, check=True)


def set_the_stage(miko, folder, lab, service):
    stage = Stage(miko, folder, {
        "AMQP_URI": service["uri"], "BOB": BOB, "RABBIT": BOB,
        "MIKO_MANAGEMENT": "https://127.0.0.1:{}".format(lab["management_port"]),
        "MIKO_CACERT": os.path.join(folder, "ca.pem"),
    }, {
        "--host rabbit.example.com": "--host 127.0.0.1 --port {}".format(lab["port"]),
        "rabbit.example.com": "127.0.0.1:{}".format(lab["tls_port"]),
        "/home/ann": folder,
    })
    os.mkdir(os.path.join(folder, "certificates"))
    authority = os.path.join(os.environ["MIKO_EXAMPLES_TLS"], "ca.pem")
    for name, source in (("ca.pem", authority), ("certificates/ca.pem", authority),
                         ("config.yaml", service["config"])):
        shutil.copy(source, os.path.join(folder, name))
    stage.write(".miko-password", [ANN])
    return stage


def put_files(stage, blocks):
    """Returns the examples that read the files which these pages show, with their scenes."""
    for block in blocks:
        if (block.page, block.first_line) in scenes.FILES:
            name, reader, scene = scenes.FILES[block.page, block.first_line]
            stage.write(name, [block.command])
            yield pages.Example(block.page, block.line, reader), scene


def what_is_wrong(stage, example, scene):
    """Plays the example. Returns "" if it does what it should."""
    if scene.leaves:
        stage.remove(scene.leaves)
    printed, status = stage.play(example.command, scene)
    if example.shown:
        if re.match(pattern(example.shown, scene), printed) is None:
            return "prints\n{}\ninstead of\n{}".format(printed, "\n".join(example.shown))
        return ""
    if status is not None and status != scene.status:
        return "ends with {} instead of {}, and prints\n{}".format(status, scene.status, printed)
    if re.search(scene.prints, printed) is None:
        return "prints\n{}\ninstead of something like\n{}".format(printed, scene.prints)
    if scene.leaves and not stage.has(scene.leaves):
        return "leaves no {}, and prints\n{}".format(scene.leaves, printed)
    if not scene.leaves and not scene.prints:
        return "has no scene that says what comes of it"
    return ""


def play(stage, example, scene):
    problem = what_is_wrong(stage, example, scene)
    if problem:
        return ["{}: {}\n{}\n".format(example.place, example.command, problem)]
    print("ok  {}: {}".format(example.place, example.command))
    return []


def play_all(stage, examples, blocks, known):
    wrong = ["{}: no page has this example".format(command) for command in known
             if command not in [example.command for example in examples]]
    for example, scene in put_files(stage, blocks):
        wrong += play(stage, example, scene)
    page = ""
    for example in examples:
        if example.page != page:
            page = example.page
            stage.lay_out_files()
        if example.command.startswith("cat "):
            stage.write(example.command[4:], example.shown)
        elif example.command not in scenes.NOT_RUN:
            wrong += play(stage, example, known.get(example.command, Scene()))
    return wrong


def play_the_set_up(block, uri):
    """The lines that the README has typed before its examples."""
    printed = subprocess.run(["bash", "-c", block.command + '\necho "$AMQP_URI"'], cwd=ROOT,
                             capture_output=True, text=True, check=False).stdout
    return [] if printed == uri + "\n" else ["{}: AMQP_URI is {}".format(block.place, printed)]


def play_readme(stage, uri):
    examples, others = pages.readme()
    wrong = []
    for block in others:
        if block.first_line.startswith("PATH="):
            wrong += play_the_set_up(block, uri)
        elif (block.first_line not in scenes.OTHER_BLOCKS
              and (block.page, block.first_line) not in scenes.FILES):
            wrong.append("{}: neither an example nor known: {}".format(block.place,
                                                                       block.first_line))
    return wrong + play_all(stage, examples, others, scenes.README)


def play_manual(stage):
    return play_all(stage, pages.manual(), pages.displayed_blocks(), scenes.MANUAL)


def main(miko, which):
    with open(os.environ["MIKO_LAB"], encoding="utf-8") as file:
        lab = json.load(file)
    if not lab["services"]:
        print("SKIPPED: the lab has no Nameko")
        return SKIPPED
    service, = lab["services"].values()
    declare_exchanges(service)
    with tempfile.TemporaryDirectory(prefix="miko-examples-") as folder:
        stage = set_the_stage(os.path.abspath(miko), folder, lab, service)
        wrong = play_readme(stage, service["uri"]) if which == "readme" else play_manual(stage)
    print("\n".join(wrong))
    return 1 if wrong else 0


def main_in_a_lab(*words):
    """Starts a lab, and this program in it."""
    with tempfile.TemporaryDirectory(prefix="miko-certificates-") as folder:
        make_certificates(folder)
        users = []
        for name, password in (("ann", ANN), ("bob", BOB)):
            users += ["--user", "{}:{}:.*:.*:.*".format(name, password)]
        return subprocess.run(
            [LAB, "run", "--nameko", "2.14.1", "--management", "--tls", folder, *users, "--",
             sys.executable, __file__, *words],
            env=dict(os.environ, MIKO_EXAMPLES_TLS=folder), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if "MIKO_EXAMPLES_TLS" in os.environ
             else main_in_a_lab(*sys.argv[1:]))
