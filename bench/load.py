#!/usr/bin/env python3
"""Measures kist beside nginx and a bare Kestrel endpoint on this machine, in one run, and prints ratios.

Called by bench.sh, which builds and installs what this needs. Every figure is the median of several rounds; the rounds
of the servers that are compared alternate, so that a drift of the machine hits all of them. Loopback only.
"""
import argparse
import atexit
import glob
import http.client
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import files
import nodes
import push
import restore
import scan

READ_LUA = 'wrk.headers["X-Vault-Token"] = "%s"\n'
WRITE_LUA = READ_LUA + '''
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"data":{"password":"correct-horse-battery-staple","url":"postgres://app@db.internal:5432/app"}}'
local n = 0
local start = math.random(1000000)
request = function()
  n = n + 1
  return wrk.format(nil, string.format("/v1/secret/data/w/%%d", (start + n) %% 20000))
end
'''
RANDOM_LUA = READ_LUA + '''
request = function()
  return wrk.format(nil, string.format("/v1/secret/data/bench/%%07d", math.random(0, %d)))
end
'''


class Server:
    """A process of this run, ended by its id: at the latest when this program ends, however it does."""

    def __init__(self, command, env=None):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=env)
        atexit.register(self.stop)

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def stop(self):
        atexit.unregister(self.stop)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ask(port, method, path, token=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"X-Vault-Token": token} if token else {}
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def wait_for(port, path="/", wanted=(200,)):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if ask(port, "GET", path)[0] in wanted:
                return
        except OSError:
            pass
        time.sleep(0.0005)
    raise SystemExit(f"nothing answers at 127.0.0.1:{port}{path}")


def wrk(port, path, seconds, script=None):
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s"] + (["-s", script] if script else []) + [f"http://127.0.0.1:{port}{path}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{' '.join(command)}: not all answers were good:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), command


def side_by_side(count, seconds, one, other):
    """Medians of two measures' rates, and of how many times the first the second is. A machine that others share is
    half as fast again in one second than in the next: so both are taken in turns of a second, first one first, then
    the other, and each is divided by its neighbour. The measures get their seconds."""
    ones, others = [], []
    for at in range(count * seconds):
        for measure, figures in ((one, ones), (other, others))[::1 if at % 2 == 0 else -1]:
            figures.append(measure(1))
    return statistics.median(ones), statistics.median(others), statistics.median(b / a for a, b in zip(ones, others))


def whole_process(command, env, count):
    """Median wall milliseconds, and the peak memory in MB, of a command run many times."""
    times, peak = [], 0
    for _ in range(count):
        began = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        times.append((time.perf_counter() - began) * 1000)
        process.returncode = status
        if status != 0:
            raise SystemExit(f"{command} ended with {status}")
        peak = max(peak, usage.ru_maxrss / 1024)
    return statistics.median(times), peak


class Run:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.folder = tempfile.mkdtemp(prefix="kist-bench.")
        self.env = dict(os.environ, XDG_CONFIG_HOME=os.path.join(self.folder, "config"))
        for name in ("KIST_TOKEN", "VAULT_TOKEN", "KIST_ADDR", "VAULT_ADDR", "KIST_TOKEN_FILE"):
            self.env.pop(name, None)

    def allocated(self, token):
        """Bytes that the server has allocated so far, by its own metrics."""
        text = ask(self.options.port, "GET", "/v1/sys/metrics?format=prometheus", token)[1].decode()
        return float(re.search(r"^dotnet_allocated_bytes_total (\S+)", text, re.M)[1])

    def allocations(self, work, path, token, script, seconds):
        """Bytes allocated per request under load; the budgets themselves are checked by a test, request by request."""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "budgets.json")) as file:
            budget = json.load(file)["bytes_allocated_per_request"][work]
        before, (rate, command) = self.allocated(token), wrk(self.options.port, path, seconds, script)
        each = (self.allocated(token) - before) / (rate * seconds)
        # Under load requests wait for each other, which one at a time do not: half as much again is allowed.
        self.row(f"bytes allocated per {work}, 64 connections", f"{each:,.0f}", f"{budget * 1.5:,.0f}", f"{budget:,}",
                 each <= budget * 1.5, " ".join(command))

    def row(self, work, figure, must, aim, holds, command):
        self.rows.append((work, figure, must, aim, holds))
        mark = "ok  " if holds else "MISS"
        print(f"{mark} {work:<58} {figure:<34} must {must:<9} aim {aim}")
        print(f"       $ {command}")
        sys.stdout.flush()

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def start_kist(self, data, env=None):
        server = Server([self.options.kist, "server", "--start", data, "--listen", f"127.0.0.1:{self.options.port}",
                         "--log-level", "warn"], env or self.env)
        wait_for(self.options.port, "/v1/sys/health")
        return server

    def token(self, env=None):
        with open(os.path.join((env or self.env)["XDG_CONFIG_HOME"], "kist", "token")) as file:
            return file.read().strip()

    # ------------------------------------------------------------ the table

    def throughput(self):
        port, seconds, count = self.options.port, self.options.seconds, self.options.rounds
        kist = self.start_kist(os.path.join(self.folder, "data"))
        token = self.token()
        body = '{"data":{"password":"correct-horse-battery-staple","url":"postgres://app@db.internal:5432/app"}}'
        ask(port, "POST", "/v1/prod/data/database", token, body)
        answer = ask(port, "GET", "/v1/prod/data/database", token)[1]
        with open(os.path.join(self.folder, "answer.json"), "wb") as file:
            file.write(answer)
        bare = Server([self.options.bare, str(port + 1), os.path.join(self.folder, "answer.json")])
        nginx = self.nginx(port + 2, answer)
        wait_for(port + 1)
        wait_for(port + 2)
        read = self.script("read.lua", READ_LUA % token)
        write = self.script("write.lua", WRITE_LUA % token)
        path, commands = "/v1/prod/data/database", {}

        def measure(name, at, script):
            def one(time):
                rate, command = wrk(at, path, time, script)
                commands[name] = " ".join(command) + "   # in turns"
                return rate
            return one
        wrk(port, path, 2, read), wrk(port + 1, path, 1, read), wrk(port, path, 2, write)
        *_, to_nginx = side_by_side(count, seconds, measure("nginx", port + 2, read), measure("read", port, read))
        n, b, bare_to_nginx = side_by_side(count, seconds, measure("nginx", port + 2, read), measure("bare", port + 1, read))
        print(f"     nginx {n:,.0f}/s, bare Kestrel {b:,.0f}/s ({bare_to_nginx:.2f} of nginx)   $ {commands['bare']}")
        _, r, ratio = side_by_side(count, seconds, measure("bare", port + 1, read), measure("read", port, read))
        self.row("KV v2 read, file audit", f"{r:,.0f}/s = {ratio:.2f} bare, {to_nginx:.2f} nginx", "0.50", "0.65",
                 ratio >= 0.5, commands["read"])
        _, w, ratio = side_by_side(count, seconds, measure("bare", port + 1, write), measure("write", port, write))
        self.row("KV v2 write, audited, on disk before the answer", f"{w:,.0f}/s = {ratio:.2f} bare", "0.15", "0.25",
                 ratio >= 0.15, commands["write"])
        self.allocations("kv read", path, token, read, seconds)
        self.allocations("kv write", path, token, write, seconds)
        done = 0
        while done < 1_000_000:
            done += wrk(port, path, 10, read)[0] * 10
        memory = kist.memory_mb()
        self.row("resident memory after 10^6 reads", f"{memory:.0f} MB", "60 MB", "45 MB", memory <= 60,
                 "grep VmRSS /proc/PID/status")
        self.cli()
        for server in (kist, bare, nginx):
            server.stop()

    def nginx(self, port, answer):
        config = self.script("nginx.conf", f"""
daemon off; worker_processes 2; pid {self.folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; default_type application/json;
  server {{ listen 127.0.0.1:{port};
    location / {{ add_header Cache-Control no-store; return 200 {json.dumps(answer.decode().strip())}; }} }} }}
""")
        return Server(["nginx", "-c", config, "-p", self.folder])

    def cli(self):
        env = dict(self.env, KIST_ADDR=f"http://127.0.0.1:{self.options.port}")
        for command in (["get", "prod/database"], ["run", "--from", "prod/database", "--", "true"]):
            took, peak = whole_process([self.options.kist, "get", "prod/database"] if command[0] == "get"
                                       else [self.options.kist, *command], env, 30)
            self.row(f"kist {command[0]}, whole process", f"{took:.0f} ms, {peak:.0f} MB", "40 ms, 40 MB", "20, 25",
                     took <= 40 and peak <= 40, "kist " + " ".join(command))

    def large_store(self):
        """10^6 secrets and leases: made once and kept, because making them takes minutes."""
        port, seconds, count = self.options.port, self.options.seconds, self.options.rounds
        env = dict(self.env, XDG_CONFIG_HOME=os.path.join(self.options.large, "config"))
        data = os.path.join(self.options.large, "data")
        done = os.path.join(self.options.large, f"seeded-{self.options.secrets}")
        if not os.path.exists(done):
            print(f"     filling a store with {self.options.secrets:,} secrets and leases, once: some minutes")
            self.start_kist(data, env).stop()
            subprocess.run(self.options.seed.split() + [os.path.join(data, "kist.hcl"), os.path.join(env["XDG_CONFIG_HOME"],
                           "kist", "token"), str(self.options.secrets), str(self.options.secrets)], check=True)
            open(done, "w").close()
        # Each run would leave some gigabytes of it.
        for log in glob.glob(os.path.join(data, "audit", "*")):
            os.remove(log)
        starts = []
        for _ in range(count + 2):
            began = time.perf_counter()
            server = self.start_kist(data, env)
            starts.append((time.perf_counter() - began) * 1000)
            server.stop()
        took = statistics.median(starts)
        self.row(f"start to first answer, {self.options.secrets:,} secrets and leases", f"{took:.0f} ms", "300 ms", "100 ms",
                 took <= 300, "kist server --start DIR, polled")
        server = self.start_kist(data, env)
        # What is compared is the work of a read, not the disk: the file may have been written an hour ago.
        with open(os.path.join(data, "store", "kist.db"), "rb") as store:
            while store.read(1 << 20):
                pass
        token = self.token(env)
        small = self.script("small.lua", RANDOM_LUA % (token, 999))
        large = self.script("large.lua", RANDOM_LUA % (token, self.options.secrets - 1))
        wrk(port, "/", 3, small), wrk(port, "/", 3, large)
        _, big, ratio = side_by_side(count, seconds, lambda time: wrk(port, "/", time, small)[0],
                                     lambda time: wrk(port, "/", time, large)[0])
        self.row("reads over all of them against reads over 10^3", f"{big:,.0f}/s = {ratio:.2f}", "0.90", "0.97",
                 ratio >= 0.9, "wrk -t1 -c64 -d1s, random names, in turns")
        server.stop()
        restore.measure(self, data, env)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kist", required=True)
    parser.add_argument("--bare", required=True)
    parser.add_argument("--seed", required=True, help="the command that fills a store")
    parser.add_argument("--push", required=True, help="the command that measures Kist.Client")
    parser.add_argument("--large", required=True, help="folder that keeps the large store")
    parser.add_argument("--secrets", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8290)
    parser.add_argument("--only", choices=["throughput", "large", "files", "nodes", "scan", "push"])
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    run = Run(options)
    try:
        if options.only in (None, "throughput"):
            run.throughput()
        if options.only in (None, "files"):
            files.measure(run)
        if options.only in (None, "nodes"):
            nodes.measure(run)
        if options.only in (None, "scan"):
            scan.measure(run)
        if options.only in (None, "push"):
            push.measure(run)
        if options.only in (None, "large"):
            run.large_store()
    finally:
        subprocess.run(["rm", "-rf", run.folder], check=False)
    missed = [row[0] for row in run.rows if not row[4]]
    print(f"{len(run.rows) - len(missed)} of {len(run.rows)} budgets held" + (": missed " + ", ".join(missed) if missed else ""))


if __name__ == "__main__":
    main()
