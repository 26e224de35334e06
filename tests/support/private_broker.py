"""RabbitMQ as it is installed, and one node of it as private_lab.py runs it."""

import glob
import os
import tempfile


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    return path


class Installation:
    """The RabbitMQ of this machine or, with MIKO_BROKER_ROOT, of a system below that folder.

    `folder` has RabbitMQ's own scripts, because Debian's wrappers in PATH insist on their user. It
    is None if there is no RabbitMQ.
    """

    # The broker shares the folder of temporary files with us, and has a /proc of its own. The mounts
    # end with the broker; all of this is one process.
    ENTER = ('mkdir -p "$0$1" && mount --bind "$1" "$0$1" && mount -t proc proc "$0/proc" && shift '
             '&& exec chroot "$0" "$@"')

    def __init__(self):
        self.root = os.environ.get("MIKO_BROKER_ROOT", "")
        folders = [os.environ.get("MIKO_RABBITMQ_BIN", ""), "/usr/lib/rabbitmq/bin"]
        folders += sorted(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"))
        self.folder = next(
            (folder for folder in folders
             if folder and os.access(self.root + folder + "/rabbitmq-server", os.X_OK)), None)

    def command(self, *argv):
        if not self.root:
            return list(argv)
        return ["unshare", "--mount", "sh", "-c", self.ENTER, self.root, tempfile.gettempdir(),
                *argv]

    def script(self, name):
        return os.path.join(self.folder, name)


class Node:
    """A RabbitMQ on loopback; nothing of it is outside `directory` but the Erlang cookie in `home`.

    Nodes with the same home and epmd form a cluster: a new one joins the running nodes `peers`.
    """

    ONLY_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"

    def __init__(self, installation, name, directory, home, ports, peers):
        self.installation = installation
        self.name = name
        self.directory = directory
        self.log = self.path("broker.out")
        self.port, self.tls_port, self.dist_port, self.management_port, epmd_port = ports
        self.peers = peers
        self.process = None
        self.command = []
        self.env = {
            "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8", "HOME": home,
            "ERL_EPMD_PORT": str(epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": name,
            "RABBITMQ_CTL_ERL_ARGS": "-start_epmd false " + self.ONLY_LOOPBACK,
        }
        self.rabbitmqctl = installation.command(
            "env", "-i", *[k + "=" + v for k, v in self.env.items()],
            installation.script("rabbitmqctl"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, spawn, settings, management=False):
        """`spawn` (argv, env, log) starts a process; `settings` are lines of rabbitmq.conf.

        The plugin of the management HTTP API takes seconds of the start. It speaks HTTPS, with the
        certificate of `settings`, where they have one.
        """
        plugins = "[rabbitmq_management]." if management else "[]."
        if management:
            tls = [line.replace("ssl_options.", "management.ssl.") for line in settings
                   if line.startswith("ssl_options.")]
            listener = "management.{}.".format("ssl" if tls else "tcp")
            settings = settings + tls + [listener + "ip = 127.0.0.1",
                                         listener + "port = {}".format(self.management_port)]
        os.makedirs(self.directory, exist_ok=True)
        env = dict(self.env)
        env.update({
            # Makes rabbitmq-server become the Erlang machine instead of waiting for it, so that
            # the process we start, watch and kill is the broker itself.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-noinput -start_epmd false +S 2:2 +A 16 +sbwt none +sbwtdcpu none +sbwtdio none "
                + self.ONLY_LOOPBACK,
            "RABBITMQ_CONF_ENV_FILE": write(self.path("rabbitmq-env.conf"), ""),
            "RABBITMQ_CONFIG_FILE": write(self.path("rabbitmq.conf"), self.config(settings)),
            "RABBITMQ_ADVANCED_CONFIG_FILE": write(self.path("advanced.config"), "[]."),
            "RABBITMQ_ENABLED_PLUGINS_FILE": write(self.path("enabled_plugins"), plugins),
            "RABBITMQ_MAX_NUMBER_OF_PROCESSES": "65536",
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": self.path("mnesia"), "RABBITMQ_LOG_BASE": self.directory,
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_GENERATED_CONFIG_DIR": self.path("generated"),
        })
        command = self.installation.command(self.installation.script("rabbitmq-server"))
        self.command = ["env", "-i"] + [k + "=" + v for k, v in env.items()] + command
        self.process = spawn(command, env, self.log)

    def config(self, settings):
        lines = ["listeners.tcp.1 = 127.0.0.1:{}".format(self.port), "log.file.level = info",
                 "disk_free_limit.absolute = 1MB", "vm_memory_high_watermark.relative = 0.8"]
        if self.peers:
            lines.append("cluster_formation.peer_discovery_backend = classic_config")
            lines += ["cluster_formation.classic_config.nodes.{} = {}".format(number, name)
                      for number, name in enumerate(self.peers + [self.name], 1)]
        if any(line.startswith("ssl_options.") for line in settings):
            lines.append("listeners.ssl.1 = 127.0.0.1:{}".format(self.tls_port))
        # The last setting of a key wins, so `settings` can change ours.
        return "\n".join(lines + settings) + "\n"
