"""The rows about Kist.Client: how soon an application has what another one wrote, and what it asks meanwhile."""
import json
import os
import statistics
import subprocess
import time

COUNT = 1000
IDLE_SECONDS = 15


def requests(path):
    """The paths that were asked for, by the audit."""
    with open(path, encoding="utf-8") as file:
        entries = [json.loads(line) for line in file if line.endswith("\n")]
    return [entry["request"]["path"] for entry in entries if entry.get("type") == "request"]


def settled(path):
    """How many requests there were, when none has come for a second: what was asked before is written by then. Who asks
    all the time never settles, and is counted from then on."""
    known = -1
    for _ in range(10):
        count = len(requests(path))
        if count == known:
            break
        known = count
        time.sleep(1)
    return known


def measure(run):
    data = os.path.join(run.folder, "push")
    kist = run.start_kist(data)
    token = os.path.join(run.env["XDG_CONFIG_HOME"], "kist", "token")
    command = run.options.push.split() + [f"http://127.0.0.1:{run.options.port}", token, str(COUNT)]
    with subprocess.Popen(command, env=run.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        took = []
        for line in process.stdout:
            if line.strip() == "idle":
                break
            took.append(float(line))
        if len(took) != COUNT:
            raise SystemExit(f"{' '.join(command)} ended after {len(took)} changes")
        audit = os.path.join(data, "audit", "audit.log")
        before = settled(audit)
        time.sleep(IDLE_SECONDS)
        asked = requests(audit)[before:]
        process.stdin.close()
    kist.stop()
    p99 = statistics.quantiles(took, n=100)[98]
    run.row("a change is in an application that uses Kist.Client, p99", f"{p99:.1f} ms (median "
            f"{statistics.median(took):.1f} ms)", "50 ms", "10 ms", p99 <= 50, "Kist.Bench.Push")
    run.row(f"requests of two idle applications in {IDLE_SECONDS} s", " ".join([str(len(asked)), *sorted(set(asked))]),
            "0", "0", not asked, "audit.log, before and after")
