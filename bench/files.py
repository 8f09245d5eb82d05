"""The rows about encrypted files: whole processes of kist beside those of the Debian age program, in turns."""
import json
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
    sops(run)


def sops(run):
    """Whole processes; the age program that opens a file of one line stands beside them."""
    kist = run.options.kist
    key, line = (os.path.join(run.folder, n) for n in ("sops.key", "line.age"))
    subprocess.run(["age-keygen", "-o", key], check=True, stderr=subprocess.DEVNULL)
    recipient = subprocess.run(["age-keygen", "-y", key], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    subprocess.run(["age", "-r", recipient, "-o", line], input=b"line\n", check=True)
    os.environ["SOPS_AGE_KEY_FILE"] = key
    for keys, ending, command, must, aim in (
            (20, "yaml", ["decrypt"], 25, 15), (10_000, "yaml", ["decrypt"], 250, 120),
            (10_000, "json", ["decrypt"], 150, 80), (20, "yaml", ["exec-env"], 30, 20)):
        plain = os.path.join(run.folder, f"plain{keys}.{ending}")
        encrypted = os.path.join(run.folder, f"sops{keys}.{ending}")
        with open(plain, "w") as file:
            if ending == "yaml":
                file.writelines(f"key_{i}: value number {i} of the file\n" for i in range(keys))
            else:
                json.dump({f"key_{i}": f"value number {i} of the file" for i in range(keys)}, file)
        subprocess.run([kist, "file", "encrypt", "--age", recipient, "--output", encrypted, plain], check=True)
        command = [kist, "file", *command, encrypted, *(["true"] if "exec-env" in command else [])]
        theirs, ours = in_turns(run.options.rounds * 2 + 1, (["age", "-d", "-i", key, line], None), (command, None))
        figure = f"{ours[0]:.0f} ms, {ours[1]:.0f} MB = {ours[0] / theirs[0]:.1f} × age of one line"
        run.row(f"{command[2]} {keys} keys of {ending.upper()}", figure, f"{must} ms", f"{aim} ms",
                ours[0] <= must and ours[1] <= 60,
                f"kist {' '.join(command[1:3])} {os.path.basename(encrypted)}   # age: {theirs[0]:.0f} ms")


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
