"""What breaks. run(world, seconds, dice) makes the trouble and returns the moment at which it was over, after which
nothing should fail any more: the death itself for a replica, since another one is there; the moment at which it is back
for what there is one of. prepare and restore change the stack before and after the round."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import time
from typing import Callable

import psycopg2

from world import REPLICAS, wait_for

REPLICATED = REPLICAS[1:]


@dataclasses.dataclass
class Fault:
    name: str
    run: Callable
    prepare: Callable = None
    restore: Callable = None
    skipped: str = None  # why it cannot be made here
    spares: tuple = ()   # traffic of which nothing may fail
    within_s: float = 5  # afterwards, whatever is begun later succeeds


def now():
    return time.monotonic()


# --- processes ------------------------------------------------------------------------------------

def kill_replica(world, seconds, dice):
    """All processes of it at once; started again later, as somebody would."""
    part = dice.choice(REPLICATED)
    at = now()
    world.kill(part)
    time.sleep(seconds / 2)
    world.stack("start", part)
    return at


def kill_worker(world, seconds, dice):
    """Its parent lives, and starts another."""
    part = dice.choice(REPLICATED)
    at = now()
    world.signal(part, signal.SIGKILL, workers_only=True)
    time.sleep(seconds / 2)
    return at


def kill_identity(world, seconds, _dice):
    """There is one of it."""
    world.kill("identity")
    time.sleep(seconds / 3)
    world.stack("start", "identity")
    return now()


def frozen(*parts):
    def run(world, seconds, dice):
        part = dice.choice(parts)
        pids = world.family(part)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        return now()
    return run


# --- PostgreSQL -----------------------------------------------------------------------------------

def restart_postgres(world, seconds, _dice):
    """pg_ctl -m immediate: no checkpoint, recovery from the log."""
    pid = world.pid("postgres")
    os.kill(pid, signal.SIGQUIT)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "PostgreSQL to stop")
    time.sleep(seconds / 3)
    world.stack("start", "postgres")
    return now()


def kill_postgres(world, seconds, _dice):
    """kill -9 of all of it."""
    world.kill("postgres")
    time.sleep(seconds / 3)
    world.stack("start", "postgres")
    return now()


def kill_backend(world, _seconds, dice):
    """kill -9 of one backend: PostgreSQL ends all others and recovers by itself."""
    rows = world.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'mh_booking' AND pid <> pg_backend_pid()")
    log = world.run_dir / "logs/postgres.log"
    known = log.stat().st_size
    os.kill(dice.choice(rows)["pid"], signal.SIGKILL)

    def ready():
        with open(log, "rb") as f:
            f.seek(known)
            return b"ready to accept connections" in f.read()
    wait_for(ready, "PostgreSQL to recover", 60)
    return now()


def terminate_backends(world, seconds, _dice):
    for _ in range(5):
        world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'mh_%%'")
        time.sleep(seconds / 5)
    return now()


# --- Redis ----------------------------------------------------------------------------------------

def kill_redis(world, seconds, _dice):
    world.kill("redis")
    time.sleep(seconds)
    world.stack("start", "redis")
    return now()


def flush_redis(world, seconds, _dice):
    port, login = world.port("REDIS_PORT"), os.environ | {"REDISCLI_AUTH": world.secret("redis-admin")}
    for _ in range(5):
        subprocess.run(["redis-cli", "--user", "admin", "-p", str(port), "FLUSHALL"], env=login, check=True,
                       capture_output=True)
        time.sleep(seconds / 5)
    return now()


# --- the network ----------------------------------------------------------------------------------

def network(peer, order):
    def run(world, seconds, _dice):
        world.proxies[peer].order(order)
        time.sleep(seconds)
        world.proxies[peer].order("pass")
        return now()
    return run


def cut(peer):
    """Every connection is reset, again and again."""
    def run(world, seconds, _dice):
        for _ in range(5):
            world.proxies[peer].order("reset")
            world.proxies[peer].order("pass")
            time.sleep(seconds / 5)
        return now()
    return run


# --- disks ----------------------------------------------------------------------------------------

def mount(world, path, megabytes, user=None):
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "chaos", path], check=True)
    world.mounts.append(path)
    if user:
        shutil.chown(path, user, user)


def unmount(world, path):
    subprocess.run(["umount", path], check=True)
    world.mounts.remove(path)


def megabytes(path):
    return int(subprocess.run(["du", "-sm", path], capture_output=True, text=True, check=True).stdout.split()[0])


def data(world):
    return pathlib.Path(os.path.realpath(world.run_dir / "state")) / "pg"


def small_disks(world):
    """PostgreSQL's files on two small disks: tables, and the write-ahead log."""
    pg, away = data(world), data(world).with_name("pg.away")
    world.stack("stop", "postgres")
    pg.rename(away)
    wal = away.with_name("wal.away")
    (away / "pg_wal").rename(wal)
    mount(world, pg, megabytes(away) + 64, "postgres")
    subprocess.run(["cp", "-a", f"{away}/.", pg], check=True)
    mount(world, pg / "pg_wal", megabytes(wal) + 24, "postgres")
    subprocess.run(["cp", "-a", f"{wal}/.", pg / "pg_wal"], check=True)
    shutil.rmtree(away)
    shutil.rmtree(wal)
    world.stack("start", "postgres", *REPLICAS)


def large_disk(world):
    pg, away = data(world), data(world).with_name("pg.away")
    world.stack("stop", "postgres")
    subprocess.run(["cp", "-a", pg, away], check=True)
    unmount(world, pg / "pg_wal")
    unmount(world, pg)
    pg.rmdir()
    away.rename(pg)
    world.stack("start", "postgres", *REPLICAS)


def fill(folder):
    path = folder / "filler"
    with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while f.write(b"\0" * 65536):
            pass
    return path


def full_tables(world, seconds, _dice):
    filler = fill(data(world))
    try:
        time.sleep(seconds)
    finally:
        filler.unlink()
    return now()


def full_wal(world, seconds, _dice):
    """PostgreSQL stops itself when it cannot write its log. Whoever runs it starts it again when there is room."""
    filler = fill(data(world) / "pg_wal")
    until = now() + seconds
    while now() < until:
        with contextlib.suppress(psycopg2.Error):
            world.sql("SELECT pg_switch_wal()")
        time.sleep(0.1)
    filler.unlink()
    world.stack("start", "postgres")
    return now()


def small_log(world):
    folder = world.run_dir / "small"
    mount(world, folder, 2)
    world.configure("booking-1", LOG_FILE=folder / "booking-1.log")


def full_log(world, seconds, _dice):
    folder = world.run_dir / "small"
    filler = fill(folder)
    size = (folder / "booking-1.log").stat().st_size
    time.sleep(seconds)
    filler.unlink()
    wait_for(lambda: (folder / "booking-1.log").stat().st_size > size, "the log to go on")
    return now()


def large_log(world):
    world.configure("booking-1")
    unmount(world, world.run_dir / "small")
    (world.run_dir / "small").rmdir()


# --- time -----------------------------------------------------------------------------------------

def clock_step(world, seconds, _dice):
    """Holds and leases of before are over at once; later it goes back a little, as when a clock is set right."""
    world.clock_step(700)
    time.sleep(seconds)
    world.clock_step(-5)
    return now()


NOT_ROOT = None if os.geteuid() == 0 else "a small disk can only be mounted by root"
EVERYTHING = ("bookings", "reschedules", "holds", "logins", "calendar")
FAULTS = [
    Fault("kill -9 of a replica", kill_replica, within_s=2),
    Fault("kill -9 of a worker", kill_worker, within_s=2),
    Fault("kill -9 of identity", kill_identity, spares=("bookings", "reschedules", "holds", "calendar")),
    Fault("SIGSTOP of a replica", frozen(*REPLICATED)),
    Fault("SIGSTOP of identity", frozen("identity"), spares=("bookings", "reschedules", "holds", "calendar")),
    Fault("PostgreSQL restarted", restart_postgres),
    Fault("kill -9 of PostgreSQL", kill_postgres),
    Fault("kill -9 of a backend", kill_backend),
    Fault("backends terminated", terminate_backends),
    Fault("SIGSTOP of PostgreSQL", frozen("postgres")),
    Fault("PostgreSQL: resets", cut("postgres")),
    Fault("PostgreSQL: black hole", network("postgres", "blackhole")),
    Fault("PostgreSQL: slow peer", network("postgres", "slow 20 500000"), spares=EVERYTHING),
    Fault("kill -9 of Redis", kill_redis, spares=EVERYTHING),
    Fault("Redis flushed", flush_redis, spares=EVERYTHING),
    Fault("SIGSTOP of Redis", frozen("redis"), spares=EVERYTHING),
    Fault("Redis: resets", cut("redis"), spares=EVERYTHING),
    Fault("Redis: black hole", network("redis", "blackhole"), spares=EVERYTHING),
    Fault("Redis: slow peer", network("redis", "slow 50 100000"), spares=EVERYTHING),
    Fault("disk full: tables", full_tables, small_disks, large_disk, NOT_ROOT),
    Fault("disk full: write-ahead log", full_wal, small_disks, large_disk, NOT_ROOT),
    Fault("disk full: a service's log", full_log, small_log, large_log, NOT_ROOT, EVERYTHING),
    Fault("clock step", clock_step, spares=EVERYTHING),
]
