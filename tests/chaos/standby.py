"""A streaming standby of PostgreSQL, to which every commit goes before it is acknowledged, and services that know both
(docs/operations.md, "A standby")."""
import os
import pathlib
import shutil
import subprocess

from world import REPLICAS, Proxy, free_port, wait_for

PG_BIN = "/usr/lib/postgresql/15/bin"


def folder(world):
    return pathlib.Path(os.path.realpath(world.run_dir / "state")) / "standby"


def pg(world, program, *words):
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.geteuid() == 0 else []
    return subprocess.run([*as_postgres, f"{PG_BIN}/{program}", *words], cwd="/", check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGPASSWORD": world.secret("pg-postgres")})


def up(world):
    primary, there = folder(world).with_name("pg"), folder(world)
    with open(primary / "pg_hba.conf", "a", encoding="ascii") as f:
        f.write("host replication postgres 127.0.0.1/32 scram-sha-256\n")
    world.sql("SELECT pg_reload_conf()")
    there.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(there, "postgres", "postgres")
    pg(world, "pg_basebackup", "-D", str(there), "-R", "-c", "fast", "-h", "127.0.0.1", "-p",
       str(world.port("PG_PORT")), "-U", "postgres")
    port = free_port()
    world.standby = (there, port)
    pg(world, "pg_ctl", "-D", str(there), "-w", "-o", f"-p {port}", "-l", str(there / "log"), "start")
    # After the copy was made: the standby, when it is the primary, has nobody to wait for.
    world.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
    world.sql("SELECT pg_reload_conf()")
    wait_for(lambda: world.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), "the standby to follow")
    world.proxies["standby"] = Proxy(free_port(), port)
    for part in REPLICAS:
        world.configure(part, DATABASE_URL_FILE=url_file(world, part.rstrip("-0123456789")))


def url_file(world, service):
    one = f"127.0.0.1:{world.proxies['postgres'].port}"
    text = (world.run_dir / f"secrets/chaos-{service}.database-url").read_text()
    assert one in text
    path = world.run_dir / f"secrets/chaos-both-{service}.database-url"
    path.touch(0o600)
    path.write_text(text.replace(one, f"{one},127.0.0.1:{world.proxies['standby'].port}"))
    return path


def promote(world):
    there, port = world.standby
    pg(world, "pg_ctl", "-D", str(there), "-w", "promote")
    world.primary_port = port


def becomes_the_one(world):
    """It takes the place of the primary that is no more, so that the next round finds all as it is usually."""
    there = world.standby[0]
    pg(world, "pg_ctl", "-D", str(there), "-w", "-m", "fast", "stop")
    world.standby = world.primary_port = None
    shutil.rmtree(there.with_name("pg"))
    there.rename(there.with_name("pg"))
    world.stack("start", "postgres")
    for part in REPLICAS:
        world.configure(part)
    world.proxies.pop("standby").close()
