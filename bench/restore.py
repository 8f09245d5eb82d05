"""Backup and restore of the store of 10^6 secrets, for load.py: how long, and in how much memory."""
import atexit
import os
import shutil
import socket
import subprocess
import time


class Postgres:
    """A cluster of its own on this machine, made anew."""

    def __init__(self, folder):
        places = sorted((p for p in os.listdir("/usr/lib/postgresql") if p.isdigit()), key=int)
        self.tools, self.data = os.path.join("/usr/lib/postgresql", places[-1], "bin"), os.path.join(folder, "postgres")
        os.chmod(folder, 0o711)
        os.makedirs(self.data, mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.run("initdb", "-D", self.data, "-U", "kist", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.data, "log"), "-o",
                 f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} "
                 "-c max_wal_size=4GB", "start")
        atexit.register(self.stop)

    @property
    def url(self):
        return f"postgres://kist@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def run(self, tool, *arguments):
        command = [os.path.join(self.tools, tool), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def stop(self):
        atexit.unregister(self.stop)
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.data)


def timed(command, env):
    """Seconds and peak memory in MB of one command, which must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def measure(run, data, env):
    """The rows; the server of `data` is stopped, and started once more for the backup."""
    kist, secrets = run.options.kist, run.options.secrets
    file, config = os.path.join(run.folder, "large.backup"), os.path.join(data, "kist.hcl")
    server = run.start_kist(data, env)
    at = dict(env, KIST_ADDR=f"http://127.0.0.1:{run.options.port}")
    took, _ = timed([kist, "operator", "backup", file], at)
    memory = server.memory_mb()
    server.stop()
    size = os.path.getsize(file) / 2**20
    run.row(f"backup of {secrets:,} secrets and leases, {size:,.0f} MB", f"{took:.1f} s, server {memory:.0f} MB",
            "60 s, 120 MB", "20 s", took <= 60 and memory <= 120, "kist operator backup FILE")
    postgres = Postgres(run.folder)
    copy = os.path.join(run.folder, "restored")
    for kind, store in (("SQLite", f"sqlite:{copy}"), ("PostgreSQL", postgres.url)):
        took, memory = timed([kist, "operator", "restore", file, "--config", config, "--to", store, "--with-tokens"], env)
        run.row(f"restore of them into {kind}", f"{took:.1f} s, {memory:.0f} MB", "60 s", "30 s", took <= 60,
                "kist operator restore FILE --to STORE --with-tokens")
    postgres.stop()
    shutil.rmtree(copy)
    os.remove(file)
