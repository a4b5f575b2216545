"""The load generators, and the two servers that a ceiling consists of."""
import codecs
import contextlib
import csv
import hashlib
import json
import os
import pathlib
import re
import string
import subprocess
import time

from stack import LOAD, ROOT


def run(words, env=None, **rest):
    done = subprocess.run([str(w) for w in words], env=env, text=True, capture_output=True,
                          check=False, **rest)
    assert done.returncode == 0, f"{words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def wrk(url, token, *mode, seconds, connections=32, login=""):
    """{requests, rate, p50_ms, p99_ms} of a mode of tests/load/wrk.lua. An answer that is an error ends it."""
    out = run(["wrk", "-t2" if connections > 1 else "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
               "-s", LOAD / "wrk.lua", url, "--", *mode], env=os.environ | {"TOKEN": token, "LOGIN": login})
    result = json.loads(out.strip().splitlines()[-1])
    assert result["refused"] == result["broken"] == 0, f"{mode}: {result}"
    return result


# --- PostgreSQL -----------------------------------------------------------------------------------

def statements(stack, service):
    """{name: text} of what the service prepares."""
    out = run([stack.bin_dir / service, "--statements"])
    found = re.findall(r"^-- (\w+) \d+\n(.*?);\n(?=-- \w+ \d+\n|\Z)", out, re.S | re.M)
    return {name: text.strip() for name, text in found}


def pgbench(stack, service, before, statement, parameters, variables, seconds):
    """Transactions a second of a service's own statement, over its own kind of connection. Where the
    statement has $1, the script has parameters[0], which pgbench turns back into a parameter."""
    text = re.sub(r"\$(\d+)", lambda m: parameters[int(m[1]) - 1], statement)
    script = stack.run_dir / "pgbench.sql"
    script.write_text(before + text + ";\n")
    words = ["pgbench", "-n", "-M", "prepared", "-c", CLIENTS, "-j", 2, "-T", seconds, "-f", script]
    for name, value in variables.items():
        words += ["-D", f"{name}={value}"]
    out = run([*words, stack.secret(f"{service}.database-url")], env=os.environ | {"PGOPTIONS": "-c jit=off"})
    assert "number of failed transactions: 0 " in out, out
    return float(re.search(r"^tps = ([0-9.]+)", out, re.M)[1])


# As many as two replicas have for writes, PG_WRITERS each; with more it gets slower.
CLIENTS = 8


# --- Redis ----------------------------------------------------------------------------------------

def limiter_script():
    """The rate limiter's script, as the C compiler reads it."""
    source = (ROOT / "libcommon/data/ratelimit.c").read_text()
    literals = source.split(".text =")[1].split("};")[0]
    return codecs.decode("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)), "unicode_escape")


def redis_benchmark(stack, seconds):
    """Calls a second of the limiter's script, with a caller's key and the arguments that it gets."""
    port, password = stack.env["REDIS_URL"].rsplit(":", 1)[1].split("/")[0], stack.secret("redis-service")
    login = ["-h", "127.0.0.1", "-p", port, "--user", "service"]
    quiet = os.environ | {"REDISCLI_AUTH": password}
    sha = hashlib.sha1(limiter_script().encode()).hexdigest()
    known = run(["redis-cli", *login, "SCRIPT", "EXISTS", sha], env=quiet).strip()
    assert known == "1", "the services use another script"
    key = "mh:dev:{admin:u:benchmark}:b"
    call = ["EVALSHA", sha, "1", key, int(time.time() * 1000), 1000000, 1000000, 1000000, 60000000]

    def rate(calls):
        run(["redis-cli", *login, "DEL", key], env=quiet)
        out = run(["redis-benchmark", *login, "-a", password, "-c", 32, "-n", calls, "--csv", *call])
        return float(list(csv.reader(out.splitlines()))[-1][1])

    return rate(int(rate(20000) * seconds))


# --- nginx in front of a server that does nothing -------------------------------------------------

@contextlib.contextmanager
def trivial(stack, reply_bytes):
    """Yields the URL of nginx with the suite's TLS settings and nothing else, in front of
    tests/load/trivial, which answers so many bytes."""
    load_dir = pathlib.Path(os.environ.get("LOAD_DIR", ROOT / "build/release/load"))
    offset = int(stack.environ["PORT_OFFSET"])
    port, upstream = 8490 + offset, 8590 + offset
    folder = stack.run_dir / "ceiling"
    folder.mkdir(exist_ok=True)
    ours = (stack.run_dir / "nginx/nginx.conf").read_text()
    same = re.findall(r"^ *(?:user|worker_rlimit_nofile|ssl_\w+|\w+_temp_path|keepalive_\w+) .*;$", ours, re.M)
    settings = {"main": "\n".join(l.strip() for l in same if l.startswith(("user", "worker"))),
                "http": "\n    ".join(l.strip() for l in same if l.startswith(" ")),
                "port": port, "upstream": upstream}
    (folder / "nginx.conf").write_text(string.Template((LOAD / "nginx.conf").read_text()).substitute(settings))
    with contextlib.ExitStack() as started:
        for words in ([load_dir / "trivial", upstream, reply_bytes],
                      ["/usr/sbin/nginx", "-p", folder, "-e", folder / "error.log", "-c", "nginx.conf"]):
            process = started.enter_context(subprocess.Popen([str(w) for w in words]))
            started.callback(process.terminate)
        url = f"https://localhost:{port}"
        await_answer(url + "/", stack)
        yield url


def await_answer(url, stack):
    deadline = time.monotonic() + 10
    while subprocess.run(["curl", "-fs", "-o", "/dev/null", "--cacert", stack.env["CA_FILE"], url],
                         check=False).returncode != 0:
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.05)
