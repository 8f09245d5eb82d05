"""The rows about `kist scan`: whole processes, beside grep and git on the same files, in turns."""
import os
import random
import shutil
import subprocess

from files import in_turns

WORDS = """the of server config client value return public static void string int class request response token handle error
data path file name index list map key user time select from where update insert create table import export function
const let var async await promise length count buffer stream parse write read open close""".split()


def line(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randint(2, 11))]
    return " " * rng.choice([0, 4, 8]) + " ".join(words) + rng.choice([";", " {", "}", "", f" = {rng.randint(0, 10**6)};"])


def tree(folder, megabytes):
    """Source-like files of 1 to 30 KB."""
    rng = random.Random(7)
    lines = [line(rng) + "\n" for _ in range(20_000)]
    written, number = 0, 0
    while written < megabytes << 20:
        text = "".join(rng.choices(lines, k=rng.randint(30, 900)))
        path = os.path.join(folder, f"m{number % 40}", f"p{number % 13}", f"f{number}.cs")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        written, number = written + len(text), number + 1
    return number


def repository(folder, commits):
    """A repository whose commits change a few lines of a few files each, packed."""
    rng = random.Random(5)
    contents = {f"src/m{i % 20}/p{i % 7}/f{i}.cs": [line(rng) for _ in range(rng.randint(40, 600))] for i in range(400)}
    git = ["git", "-C", folder]
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    stream = subprocess.Popen([*git, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE)
    out = stream.stdin
    for number in range(commits):
        who = f"A U <a@example.com> {1600000000 + number * 60} +0000"
        out.write(f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata 2\nc\n".encode())
        for path in list(contents) if number == 0 else rng.sample(list(contents), rng.randint(1, 5)):
            lines = contents[path]
            for _ in range(rng.randint(1, 6)):
                at = rng.randrange(len(lines))
                if rng.random() < 0.5:
                    lines[at] = line(rng)
                else:
                    lines.insert(at, line(rng))
            text = ("\n".join(lines) + "\n").encode()
            out.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text))
    out.write(b"done\n")
    out.close()
    if stream.wait() != 0:
        raise SystemExit("git fast-import failed")
    subprocess.run([*git, "gc", "-q"], check=True)
    subprocess.run([*git, "checkout", "-q", "main"], check=True)


def measure(run):
    """Adds the rows to the table of `run`."""
    kist, turns = run.options.kist, run.options.rounds * 2 + 1
    folder = os.path.join(run.folder, "tree")
    count = tree(folder, 72)
    if shutil.which("rg"):
        other, must = ["rg", "-F", "no such text anywhere", folder], 8.0
    else:
        other, must = ["grep", "-rF", "no such text anywhere", folder], 3.0
    # Both find nothing, which the other one says with exit code 1.
    theirs, ours = in_turns(turns, (["sh", "-c", '"$@"; [ $? = 1 ]', "sh", *other], None), ([kist, "scan", folder], None))
    ratio = ours[0] / theirs[0]
    run.row(f"scan {count:,} files of 72 MB, warm", f"{ours[0]:.0f} ms = {ratio:.2f} × {other[0]}", f"{must:.1f} ×", "2.0 ×",
            ratio <= must, f"kist scan {os.path.basename(folder)}   # {other[0]} {other[1]}: {theirs[0]:.0f} ms")
    run.row("memory of that scan", f"{ours[1]:.0f} MB", "64 MB", "48 MB", ours[1] <= 64, "kist scan tree")

    history = os.path.join(run.folder, "history")
    repository(history, 4000)
    log = ["git", "-C", history, "log", "-p", "-U0", "--all"]
    theirs, ours = in_turns(max(1, turns // 2), (log, None), ([kist, "scan", "--history", "--no-cache", history], None))
    ratio = ours[0] / theirs[0]
    run.row("scan a history of 4,000 commits", f"{ours[0]:.0f} ms = {ratio:.2f} × git log -p", "0.70 ×", "0.50 ×", ratio <= 0.7,
            f"kist scan --history --no-cache   # git log -p -U0 --all: {theirs[0]:.0f} ms")
    run.row("memory of that scan", f"{ours[1]:.0f} MB", "100 MB", "64 MB", ours[1] <= 100, "kist scan --history --no-cache")
    (again,) = in_turns(turns, ([kist, "scan", "--history", history], None))
    run.row("scan it again, unchanged", f"{again[0]:.0f} ms", "60 ms", "40 ms", again[0] <= 60, "kist scan --history")

    rng = random.Random(9)
    for number in range(20):
        with open(os.path.join(history, f"src/m0/p0/f{number}.cs" if number == 0 else f"new{number}.cs"), "w") as file:
            file.write("".join(line(rng) + "\n" for _ in range(200)))
    subprocess.run(["git", "-C", history, "add", "-A"], check=True)
    one = os.path.join(run.folder, "line")
    with open(one, "w") as file:
        file.write("level=info msg=\"request served\" path=/healthz status=200\n")
    staged, piped = in_turns(turns * 3, ([kist, "scan", "--staged", history], None), ([kist, "scan", "-"], one))
    run.row("scan 20 staged files, whole process", f"{staged[0]:.0f} ms, {staged[1]:.0f} MB", "35 ms", "25 ms", staged[0] <= 35,
            "kist scan --staged")
    run.row("scan one line of standard input, whole process", f"{piped[0]:.0f} ms, {piped[1]:.0f} MB", "15 ms", "10 ms",
            piped[0] <= 15, "kist scan - < line")
    redact(run)


def log(file, megabytes):
    """Lines as services and proxies write them, with a token in some."""
    rng = random.Random(4)
    agents = ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0", "curl/8.5.0", "kube-probe/1.30"]
    texts = ["request served", "cache miss, loading from database", "retrying after timeout", "worker started", "user signed in"]

    def one():
        time = f"2026-11-27T02:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(1000):03}Z"
        kind = rng.random()
        if kind < 0.4:
            return (f'10.0.{rng.randrange(255)}.{rng.randrange(255)} - - [27/Nov/2026:02:11:{rng.randrange(60):02} +0000] "GET /api/v1/'
                    f'orders/{rng.randrange(10**5)} HTTP/1.1" 200 {rng.randrange(10**5)} "-" "{rng.choice(agents)}"\n')
        if kind < 0.8:
            return (f'{{"time":"{time}","level":"info","logger":"app.orders","message":"{rng.choice(texts)}",'
                    f'"trace_id":"{rng.getrandbits(128):032x}","duration_ms":{rng.randrange(900)}}}\n')
        return f"{time} INFO [worker-{rng.randrange(16)}] com.example.shop.OrderService - {rng.choice(texts)}\n"

    lines = [one() for _ in range(50_000)]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    written = 0
    with open(file, "w") as out:
        while written < megabytes << 20:
            text = "".join(rng.choices(lines, k=1000)) + "token ghp_" + "".join(rng.choices(letters, k=36)) + "\n"
            written += out.write(text)


def redact(run):
    """Whole processes: what the scanner recognises, and with it three known values in all their forms."""
    kist, file, values = run.options.kist, os.path.join(run.folder, "log"), os.path.join(run.folder, "values")
    log(file, 200)
    with open(values, "w") as out:
        out.write("correct-horse-battery\nsecond value of some length\nzkAbc123Qwerty\n")
    for what, flags in (("", []), (" and three known values", ["--values", values])):
        (ours,) = in_turns(run.options.rounds * 2 + 1, ([kist, "redact", *flags], file))
        speed = os.path.getsize(file) / 1e3 / ours[0]
        run.row(f"redact a log of 200 MiB{what}", f"{speed:.0f} MB/s, {ours[1]:.0f} MB", "200 MB/s", "400 MB/s",
                speed >= 200 and ours[1] <= 64, f"kist redact {' '.join(flags[:1])} < log")
