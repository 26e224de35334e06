#!/usr/bin/env python3
"""Installs the Debian package of miko in a clean chroot, uses it there, and removes it again.

    install.py BUILD     BUILD is the folder in which cmake has built miko

Needs root, debootstrap, and the right to mount; without them it says why and exits with 77. The
chroot is a Debian 12 with the shells, fetched once into ${XDG_CACHE_HOME:-~/.cache}/miko/roots and
never written to: what happens in it happens in memory. With MIKO_LAB, the description of a running
lab, the program calls a Nameko service of that lab.
"""

import hashlib
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

PACKAGES = ["man-db", "bash-completion", "zsh", "fish",
            # What the package depends on, so that installing it needs no network.
            "libfmt9", "librabbitmq4", "libre2-9", "libssl3", "libstdc++6", "libyaml-cpp0.7"]
SUITE = "bookworm"
SKIPPED = 77
PATIENCE_SECONDS = 60
# What installing and removing any package leaves there.
NOT_OURS = ("/var/lib/dpkg/", "/var/log/", "/var/cache/man/", "/var/cache/ldconfig/", "/tmp/",
            "/root/", "/proc/", "/dev/", "/run/")


def skip(why):
    print("SKIPPED: {}".format(why))
    sys.exit(SKIPPED)


def check(condition, what):
    if not condition:
        sys.exit("install.py: " + what)
    print("ok  " + what.split("\n")[0])


def mirror():
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
         "Label: Debian"], capture_output=True, text=True, check=False).stdout.split("\n")
    return listed[0] or "http://deb.debian.org/debian"


def base_root():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    mark = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8]
    root = os.path.join(cache, "miko", "roots", "{}-{}".format(SUITE, mark))
    if not os.path.exists(root):
        os.makedirs(os.path.dirname(root), exist_ok=True)
        part = tempfile.mkdtemp(dir=os.path.dirname(root))
        os.chmod(part, 0o755)
        made = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "debootstrap",
             "--variant=minbase", "--include=" + ",".join(PACKAGES), SUITE, part, mirror()],
            stdout=subprocess.DEVNULL, check=False)
        if made.returncode != 0:
            shutil.rmtree(part, ignore_errors=True)
            skip("debootstrap cannot fetch Debian " + SUITE)
        os.rename(part, root)
    return root


def make_package(build, folder):
    subprocess.run(["cpack", "-D", "CPACK_COMPONENTS_ALL=program", "-B", folder], cwd=build,
                   stdout=subprocess.DEVNULL, check=True)
    package, = [name for name in os.listdir(folder) if name.endswith(".deb")]
    return os.path.join(folder, package)


class Chroot:
    """A chroot over the base root; what is written goes into memory."""

    def __init__(self, base, memory):
        os.mkdir(memory)
        self.run_here("mount", "-t", "tmpfs", "none", memory)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(memory, name))
        self.root = os.path.join(memory, "root")
        layers = "lowerdir={0},upperdir={1}/upper,workdir={1}/work".format(base, memory)
        self.run_here("mount", "-t", "overlay", "none", "-o", layers, self.root)
        self.run_here("mount", "-t", "proc", "proc", self.root + "/proc")
        self.run_here("mount", "--rbind", "/dev", self.root + "/dev")
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                            "LANG": "C.UTF-8", "TERM": "dumb", "MANPAGER": "cat",
                            "DEBIAN_FRONTEND": "noninteractive"}

    @staticmethod
    def run_here(*words):
        subprocess.run(words, check=True)

    def run(self, *words, **variables):
        return subprocess.run(["chroot", self.root] + list(words), capture_output=True, text=True,
                              env=dict(self.environment, **variables), timeout=PATIENCE_SECONDS,
                              stdin=subprocess.DEVNULL, check=False)

    def files(self):
        found = set()
        for folder, folders, files in os.walk(self.root):
            inside = folder[len(self.root):] + "/"
            if inside.startswith(NOT_OURS):
                folders.clear()
                continue
            found.update(inside + name for name in folders + files)
        return {name for name in found if not name.startswith(NOT_OURS)}

    def types(self, shell, setup, typed, wanted):
        """Types into an interactive shell on a terminal until it shows `wanted`, and returns what
        it has shown since it was ready."""
        child, terminal = pty.fork()
        if child == 0:
            os.chroot(self.root)
            os.chdir("/")
            os.execvpe(shell[0], shell, self.environment)
        try:
            os.write(terminal, (setup + "; echo re''ady\n").encode())
            read_until(terminal, "ready\r\n")
            os.write(terminal, typed.encode())
            return read_until(terminal, wanted)
        finally:
            os.close(terminal)
            os.kill(child, 9)
            os.waitpid(child, 0)


def read_until(terminal, wanted):
    shown = ""
    end = time.monotonic() + PATIENCE_SECONDS
    while wanted not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 4096).decode(errors="replace")
            except OSError:
                break
    return shown


def use(chroot, version):
    shown = chroot.run("miko", "--version")
    check(shown.stdout.startswith("miko " + version), "miko --version\n" + shown.stderr)
    for page in ("1 miko", "1 miko-call", "1 miko-ping", "5 miko-context"):
        text = chroot.run("man", *page.split()).stdout
        check(page.split()[1] in text and "SYNOPSIS" in text or "DESCRIPTION" in text,
              "man {}\n{}".format(page, text))
    shells = {
        "bash": (["bash", "--norc", "-i"], "source /usr/share/bash-completion/bash_completion"),
        "zsh": (["zsh", "-f", "-i"], "autoload -U compinit && compinit -u"),
        "fish": (["fish", "-i"], "true"),
    }
    for name, (shell, setup) in shells.items():
        shown = chroot.types(shell, setup, "miko prob\t", "miko probe ")
        check("miko probe " in shown, "{} completes 'miko prob'\n{!r}".format(name, shown))


def call(chroot, lab):
    with open(lab, encoding="utf-8") as file:
        services = json.load(file)["services"]
    for version, service in services.items():
        answer = chroot.run("miko", "call", "greeting", "hello", "name=Ann",
                            AMQP_URI=service["uri"])
        check(answer.stdout == '"Hello, Ann!"\n',
              "miko calls Nameko {}\n{}".format(version, answer.stderr))


def main(build):
    if os.geteuid() != 0:
        skip("only root can make a chroot")
    for program in ("debootstrap", "unshare", "cpack", "dpkg-shlibdeps", "file"):
        if not shutil.which(program):
            skip("there is no {}, see apt-get install".format(program))
    base = base_root()
    with tempfile.TemporaryDirectory(prefix="miko-package-") as folder:
        # Its mounts and processes are gone when this ends, however it ends.
        inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, __file__,
                  build, "--inside", base, folder]
        return subprocess.run(inside, check=False).returncode


def install_use_remove(build, base, folder):
    package = make_package(build, folder)
    version = os.path.basename(package).split("_")[1]
    try:
        chroot = Chroot(base, os.path.join(folder, "memory"))
    except subprocess.CalledProcessError as error:
        skip("cannot mount: {}".format(error))
    shutil.copy(package, chroot.root + "/tmp/miko.deb")
    before = chroot.files()
    installed = chroot.run("dpkg", "--install", "/tmp/miko.deb")
    check(installed.returncode == 0, "dpkg --install\n" + installed.stderr)
    use(chroot, version)
    if os.environ.get("MIKO_LAB"):
        call(chroot, os.environ["MIKO_LAB"])
    removed = chroot.run("dpkg", "--purge", "miko")
    check(removed.returncode == 0, "dpkg --purge\n" + removed.stderr)
    left = sorted(chroot.files() - before)
    check(not left, "nothing is left\n" + "\n".join(left))
    check(not before - chroot.files(), "nothing else is gone")


if __name__ == "__main__":
    if sys.argv[2:3] == ["--inside"]:
        install_use_remove(sys.argv[1], *sys.argv[3:])
    else:
        sys.exit(main(*sys.argv[1:]))
