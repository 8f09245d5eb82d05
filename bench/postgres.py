"""A private PostgreSQL for the rows that need one."""
import atexit
import os
import shutil
import socket
import subprocess
import tempfile


class Postgres:
    """A cluster of its own on this machine, made anew, that syncs as one in production does. It runs as another user,
    because it refuses root. What else it is told: `settings`, each as `name=value`."""

    def __init__(self, folder, *settings):
        places = sorted((p for p in os.listdir("/usr/lib/postgresql") if p.isdigit()), key=int)
        self.tools = os.path.join("/usr/lib/postgresql", places[-1], "bin")
        # Several parts of one run may each have theirs.
        self.folder = tempfile.mkdtemp(prefix="postgres.", dir=folder)
        self.data = os.path.join(self.folder, "data")
        if os.geteuid() == 0:
            os.chmod(folder, 0o711)
            shutil.chown(self.folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.run("initdb", "-D", self.data, "-U", "kist", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = [f"-p {self.port}", *(f"-c {setting}" for setting in (
            "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", *settings))]
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o", " ".join(options), "start")
        atexit.register(self.stop)

    @property
    def url(self):
        return f"postgres://kist@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def run(self, tool, *arguments):
        command = [os.path.join(self.tools, tool), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *command]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")

    def stop(self):
        atexit.unregister(self.stop)
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.folder)
