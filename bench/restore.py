"""Backup and restore of the store of 10^6 secrets, for load.py: how long, and in how much memory."""
import os
import shutil
import subprocess
import time

from postgres import Postgres


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
    postgres = Postgres(run.folder, "max_wal_size=4GB")
    copy = os.path.join(run.folder, "restored")
    for kind, store in (("SQLite", f"sqlite:{copy}"), ("PostgreSQL", postgres.url)):
        took, memory = timed([kist, "operator", "restore", file, "--config", config, "--to", store, "--with-tokens"], env)
        run.row(f"restore of them into {kind}", f"{took:.1f} s, {memory:.0f} MB", "60 s", "30 s", took <= 60,
                "kist operator restore FILE --to STORE --with-tokens")
    postgres.stop()
    shutil.rmtree(copy)
    os.remove(file)
