"""What breaks. run(world, seconds, dice) makes the trouble and returns the moment at which it was over, after which
nothing should fail any more: the death itself for a replica, since another one is there; the moment at which it is back
for what there is one of. prepare and restore change the stack before and after the round."""
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from typing import Callable

import psycopg2

import standby
from world import REPLICAS, alive, wait_for

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
    hour_s: float = None  # of a longer one in the hour's form
    freezes: bool = False  # a service itself, which then cannot end what it has by its deadline either
    hour_only: bool = False  # too long for every change


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


def kill_workers(world, seconds, dice):
    """Again and again, one every 5 s."""
    until = now() + seconds
    while True:
        at = kill_worker(world, 0, dice)
        if now() + 5 > until:
            return at
        time.sleep(5)


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


def fail_over(world, seconds, _dice):
    """The primary dies for good, and after some seconds of doubt its standby takes its place."""
    at = now()
    world.kill("postgres")
    time.sleep(min(seconds, 5))
    standby.promote(world)
    return at


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
    shutil.rmtree(world.run_dir / "small")


def loop_mount(image, path):
    subprocess.run(["mount", "-o", "loop,errors=remount-ro", image, path], check=True)


def loop_disk(world, path, megabytes, user=None):
    """A disk of its own for a folder, which the kernel can be told to break."""
    image = path.with_name(path.name + ".disk")
    path.mkdir(exist_ok=True)
    with open(image, "wb") as f:
        f.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    loop_mount(image, path)
    world.mounts.append(path)
    (path / "lost+found").rmdir()
    if user:
        shutil.chown(path, user, user)
        path.chmod(0o700)


def no_loop_disk():
    """Why there is none here, or None: it is tried."""
    if NOT_ROOT:
        return NOT_ROOT
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "disk")
        with open(image, "wb") as f:
            f.truncate(8 << 20)
        try:
            subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
            subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return "this kernel, or this container, mounts no file as a disk"
        subprocess.run(["umount", folder], check=True)
    return None


def vanish(path):
    """Every call gives EIO from now on, and what was not synced is lost (EXT4_IOC_SHUTDOWN, without the log)."""
    folder = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, 0x8004587D, struct.pack("I", 2))
    finally:
        os.close(folder)


def turn_read_only(path):
    """As after an error of the disk: also for the files that are open."""
    subprocess.run(["mount", "-o", "remount,abort", path], check=True)


def pg_on_loop(world):
    pg, away = data(world), data(world).with_name("pg.away")
    world.stack("stop", "postgres")
    pg.rename(away)
    loop_disk(world, pg, megabytes(away) + 512, "postgres")
    subprocess.run(["cp", "-a", f"{away}/.", pg], check=True)
    subprocess.run(["sync", "-f", pg], check=True)  # else it vanishes with the rest
    shutil.rmtree(away)
    world.stack("start", "postgres", *REPLICAS)


def pg_off_loop(world):
    pg, away = data(world), data(world).with_name("pg.away")
    world.stack("stop", "postgres")
    subprocess.run(["cp", "-a", pg, away], check=True)
    unmount(world, pg)
    pg.rmdir()
    pg.with_name("pg.disk").unlink()
    away.rename(pg)
    world.stack("start", "postgres", *REPLICAS)


def pg_disk(breaks):
    """What the operator does then is in docs/operations.md: ends what is left of PostgreSQL, mounts again, starts it."""
    def run(world, seconds, _dice):
        pg = data(world)
        breaks(pg)
        time.sleep(seconds)
        if alive(world.pid("postgres")):
            world.kill("postgres")
        unmount(world, pg)
        loop_mount(pg.with_name("pg.disk"), pg)
        world.mounts.append(pg)
        world.stack("start", "postgres")
        return now()
    return run


def log_on_loop(world):
    folder = world.run_dir / "small"
    loop_disk(world, folder, 16)
    world.configure("booking-1", LOG_FILE=folder / "booking-1.log")


def log_disk(breaks):
    def run(world, seconds, _dice):
        folder = world.run_dir / "small"
        image = folder.with_name("small.disk")
        breaks(folder)
        time.sleep(seconds)
        subprocess.run(["umount", "-l", folder], check=True)
        world.mounts.remove(folder)
        world.stack("signal", "booking-1", "HUP")  # it lets go of the old file
        wait_for(lambda: not subprocess.run(["losetup", "-j", image], capture_output=True, check=True).stdout,
                 "the log's disk to be free")
        loop_mount(image, folder)
        world.mounts.append(folder)
        log = folder / "booking-1.log"
        world.stack("signal", "booking-1", "HUP")
        size = log.stat().st_size if log.exists() else 0
        wait_for(lambda: log.exists() and log.stat().st_size > size, "the log to go on")
        return now()
    return run


def log_off_loop(world):
    large_log(world)
    (world.run_dir / "small.disk").unlink()


# --- time -----------------------------------------------------------------------------------------

def clock_step(world, seconds, _dice):
    """Holds and leases of before are over at once; later it goes back a little, as when a clock is set right."""
    world.clock_step(700)
    time.sleep(seconds)
    world.clock_step(-5)
    return now()


NOT_ROOT = None if os.geteuid() == 0 else "a small disk can only be mounted by root"
NO_LOOP = no_loop_disk()
EVERYTHING = ("bookings", "reschedules", "holds", "logins", "calendar")
FAULTS = [
    Fault("kill -9 of a replica", kill_replica, within_s=2),
    Fault("kill -9 of a worker", kill_worker, within_s=2),
    Fault("kill -9 of a worker every 5 s", kill_workers, within_s=2, hour_s=60, hour_only=True),
    Fault("kill -9 of identity", kill_identity, spares=("bookings", "reschedules", "holds", "calendar")),
    Fault("SIGSTOP of a replica", frozen(*REPLICATED), freezes=True),
    Fault("SIGSTOP of identity", frozen("identity"), spares=("bookings", "reschedules", "holds", "calendar"),
          freezes=True),
    Fault("PostgreSQL restarted", restart_postgres),
    Fault("kill -9 of PostgreSQL", kill_postgres),
    Fault("kill -9 of a backend", kill_backend),
    Fault("backends terminated", terminate_backends),
    Fault("SIGSTOP of PostgreSQL", frozen("postgres"), hour_s=60),
    Fault("PostgreSQL: resets", cut("postgres")),
    Fault("PostgreSQL: black hole", network("postgres", "blackhole")),
    Fault("PostgreSQL: slow peer", network("postgres", "slow 20 500000"), spares=EVERYTHING),
    Fault("kill -9 of Redis", kill_redis, spares=EVERYTHING),
    Fault("Redis flushed", flush_redis, spares=EVERYTHING),
    Fault("SIGSTOP of Redis", frozen("redis"), spares=EVERYTHING, hour_s=60),
    Fault("Redis: resets", cut("redis"), spares=EVERYTHING),
    Fault("Redis: black hole", network("redis", "blackhole"), spares=EVERYTHING),
    Fault("Redis: slow peer", network("redis", "slow 50 100000"), spares=EVERYTHING),
    Fault("disk full: tables", full_tables, small_disks, large_disk, NOT_ROOT),
    Fault("disk full: write-ahead log", full_wal, small_disks, large_disk, NOT_ROOT),
    Fault("disk full: a service's log", full_log, small_log, large_log, NOT_ROOT, EVERYTHING),
    Fault("disk gone: PostgreSQL's", pg_disk(vanish), pg_on_loop, pg_off_loop, NO_LOOP),
    Fault("disk read-only: PostgreSQL's", pg_disk(turn_read_only), pg_on_loop, pg_off_loop, NO_LOOP, hour_only=True),
    Fault("disk gone: a service's log", log_disk(vanish), log_on_loop, log_off_loop, NO_LOOP, EVERYTHING,
          hour_only=True),
    Fault("disk read-only: a service's log", log_disk(turn_read_only), log_on_loop, log_off_loop, NO_LOOP, EVERYTHING,
          hour_only=True),
    Fault("PostgreSQL fails over", fail_over, standby.up, standby.becomes_the_one, within_s=45, hour_only=True),
    Fault("clock step", clock_step, spares=EVERYTHING),
]
