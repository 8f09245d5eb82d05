"""The rows about many nodes on one PostgreSQL: reads and writes beside those on SQLite, first read, visibility."""
import http.client
import json
import os
import statistics
import subprocess
import time

import load
from postgres import Postgres

BODY = '{"data":{"password":"correct-horse-battery-staple","url":"postgres://app@db.internal:5432/app"}}'
PATH = "/v1/prod/data/database"


class Session:
    """One kept connection with a token."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.token = token

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body=body, headers={"X-Vault-Token": self.token})
        answer = self.connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None


def start_node(run, postgres, name, port):
    config = run.script(f"{name}.hcl", f"""
storage "postgresql" {{ connection_url = "{postgres.url}" }}
seal "keyfile" {{ path = "{run.folder}/cluster.key" }}
listener "tcp" {{
  address = "127.0.0.1:{port}"
  tls_disable = true
}}
node_id = "{name}"
audit_file_dirs = ["{run.folder}"]
""")
    os.chmod(config, 0o600)
    server = load.Server([run.options.kist, "server", "--config", config, "--log-level", "warn"], run.env)
    load.wait_for(port, "/v1/sys/health", (200, 501))
    return server


def first_reads(run, postgres, port, token, count):
    """Milliseconds of the first read after each start: the node has just been unsealed, and remembers nothing."""
    took = []
    for _ in range(count):
        server = start_node(run, postgres, "first", port)
        session = Session(port, token)
        session.connection.connect()
        began = time.perf_counter()
        status, _ = session.ask("GET", PATH)
        took.append((time.perf_counter() - began) * 1000)
        server.stop()
        if status != 200:
            raise SystemExit(f"the first read answered {status}")
    return statistics.median(took)


def until(session, method, path, wanted, body=None):
    """Milliseconds until an answer is what is wanted."""
    began = time.perf_counter()
    while True:
        answer = session.ask(method, path, body)
        took = (time.perf_counter() - began) * 1000
        if wanted(*answer):
            return took
        if took > 10_000:
            raise SystemExit(f"{path} does not become what it should be")


def visibility(one, other, port, count):
    """Milliseconds from the answer to a write, and to a revocation, until the other node shows it."""
    writes, revocations = [], []
    for at in range(count):
        other.ask("GET", PATH)
        one.ask("POST", PATH, json.dumps({"data": {"at": str(at)}}))
        writes.append(until(other, "GET", PATH,
                            lambda status, data: status == 200 and data["data"]["data"].get("at") == str(at)))
        token = one.ask("POST", "/v1/auth/token/create", '{"policies":["root"]}')[1]["auth"]["client_token"]
        victim = Session(port, token)
        until(victim, "GET", "/v1/auth/token/lookup-self", lambda status, _: status == 200)
        one.ask("POST", "/v1/auth/token/revoke", json.dumps({"token": token}))
        revocations.append(until(victim, "GET", "/v1/auth/token/lookup-self", lambda status, _: status == 403))
    return writes, revocations


def visibility_row(run, what, took):
    typical, worst = statistics.median(took), max(took)
    run.row(f"{what}, until the other node shows it", f"{typical:.1f} ms, worst {worst:.0f} of {len(took)}",
            "50, 1000", "50, 1000", typical <= 50 and worst <= 1000, "two nodes, one PostgreSQL, polled")


def measure(run):
    port, seconds, count = run.options.port, run.options.seconds, run.options.rounds
    postgres = Postgres(run.folder)
    alone = run.start_kist(os.path.join(run.folder, "sqlite"))
    alone_token = run.token()
    load.ask(port, "POST", PATH, alone_token, BODY)
    node = start_node(run, postgres, "one", port + 1)
    env = dict(run.env, KIST_ADDR=f"http://127.0.0.1:{port + 1}", XDG_CONFIG_HOME=os.path.join(run.folder, "cluster"))
    for command in (["operator", "init", "--key-shares", "1", "--key-threshold", "1", "--save-token"],
                    ["mount", "enable", "kv", "--path", "prod"], ["mount", "enable", "kv", "--path", "secret"],
                    ["audit", "enable", "file", f"file_path={run.folder}/{{node_id}}.log"]):
        subprocess.run([run.options.kist, *command], env=env, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    token = run.token(env)
    load.ask(port + 1, "POST", PATH, token, BODY)

    def pair(name, lua):
        commands = {}

        def rate(at, key):
            script = run.script(f"{name}-{at}.lua", lua % key)

            def one(time):
                figure, command = load.wrk(at, PATH, time, script)
                commands[at] = " ".join(command)
                return figure
            return one
        on_sqlite, on_postgres = rate(port, alone_token), rate(port + 1, token)
        on_sqlite(3), on_postgres(3)
        _, figure, ratio = load.side_by_side(count, seconds, on_sqlite, on_postgres)
        return figure, ratio, commands[port + 1] + "   # in turns"
    figure, ratio, command = pair("cached", load.READ_LUA)
    run.row("reads of what is cached, PostgreSQL", f"{figure:,.0f}/s = {ratio:.2f} SQLite", "0.95", "1.00", ratio >= 0.95,
            command)
    os.sync()  # or the first commits wait for what initdb has left to the disk
    figure, ratio, command = pair("durable", load.WRITE_LUA)
    run.row("durable writes, 64 connections, PostgreSQL", f"{figure:,.0f}/s = {ratio:.2f} SQLite", "0.50", "0.75",
            ratio >= 0.5, command)
    alone.stop()
    first = first_reads(run, postgres, port + 2, token, count + 2)
    run.row("first read of a node that remembers nothing", f"{first:.1f} ms", "10 ms", "5 ms", first <= 10,
            "after each start and unseal")
    other = start_node(run, postgres, "two", port + 2)
    writes, revocations = visibility(Session(port + 1, token), Session(port + 2, token), port + 2, 50)
    visibility_row(run, "a write", writes)
    visibility_row(run, "a revocation", revocations)
    for server in (node, other):
        server.stop()
    postgres.stop()
