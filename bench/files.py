"""The rows about encrypted files: whole processes of kist beside those of the Debian age program, in turns."""
import os
import statistics
import subprocess
import time

MIB = 1 << 20


def whole(command, source=None):
    """Wall milliseconds and the peak memory in MB of one process."""
    began = time.perf_counter()
    with open(source or os.devnull, "rb") as standard:
        process = subprocess.Popen(command, stdin=standard, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return (time.perf_counter() - began) * 1000, usage.ru_maxrss / 1024


def in_turns(count, *commands):
    """Median milliseconds and peak MB of each, after one turn that only warms the caches."""
    seen = [[] for _ in commands]
    for turn in range(count + 1):
        for at, (command, source) in enumerate(commands):
            figure = whole(command, source)
            if turn > 0:
                seen[at].append(figure)
    return [(statistics.median(f[0] for f in one), max(f[1] for f in one)) for one in seen]


def measure(run):
    """Adds the rows to the table of `run`."""
    age(run)


def age(run):
    kist = run.options.kist
    key, plain, encrypted, armored = (os.path.join(run.folder, n) for n in ("key.txt", "plain", "file.age", "file.asc"))
    subprocess.run(["age-keygen", "-o", key], check=True, stderr=subprocess.DEVNULL)
    recipient = subprocess.run(["age-keygen", "-y", key], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with open(plain, "wb") as file:
        for _ in range(100):
            file.write(os.urandom(MIB))
    subprocess.run(["age", "-r", recipient, "-o", encrypted, plain], check=True)
    subprocess.run(["age", "-a", "-r", recipient, "-o", armored, plain], check=True)
    for work, flags, source, must in (
            ("decrypt 100 MiB", ["-d", "-i", key], encrypted, 1.0),
            ("decrypt 100 MiB of armor", ["-d", "-i", key], armored, 1.0),
            ("encrypt 100 MiB", ["-r", recipient], plain, 0.75)):
        flags = flags + ["-o", "/dev/null"]
        theirs, ours = in_turns(run.options.rounds * 2 + 1, (["age", *flags], source), ([kist, "age", *flags], source))
        speed = theirs[0] / ours[0]
        figure = f"{ours[0]:.0f} ms, {ours[1]:.0f} MB = {speed:.2f} × age"
        run.row(work, figure, f"{must:.2f}", "1.50", speed >= must and ours[1] <= 60,
                f"kist age {' '.join(flags)} < {os.path.basename(source)}   # age: {theirs[0]:.0f} ms")
