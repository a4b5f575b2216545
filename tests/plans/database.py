"""A database with a million rows in it, and the plans that statements get there."""
import collections
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import urllib.parse

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
DATABASE = "myhibachi_plans"
BIG = 50_000  # rows
FILL = {"customers": 1_000_000, "bookings": 1_000_000, "spans": 100_000, "log": 100_000, "rest": 60_000}


def statements(program):
    """{name: text} of what a service prepares."""
    out = subprocess.run([program, "--statements"], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^-- (\w+) \d+\n(.*?);\n(?=-- \w+ \d+\n|\Z)", out, re.S | re.M))


class Database:
    """Beside the test stack's own database, made by the migrations, tests/load/fill.sql and samples.sql.
    It is kept, and made anew when one of these changes, or the month, since tables have months."""

    def __init__(self, stack, name=DATABASE, fill=None):
        self.name, self.fill = name, fill or FILL
        self.owner = urllib.parse.urlparse(stack.env["DATABASE_URL"])
        self.password = stack.secret("pg-postgres")
        self.owner_password = stack.secret("pg-mh_owner")
        kept = self.run(f"""SELECT shobj_description(oid, 'pg_database') FROM pg_database
                            WHERE datname = '{self.name}'""", "postgres")
        if kept != [(self.recipe(),)]:
            self.create()
        # Names of big tables, also by their indexes and partitions.
        self.big = dict(self.run(f"""
            SELECT relname, relname FROM pg_class WHERE relkind = 'r' AND reltuples >= {BIG}
            UNION ALL
            SELECT i.relname, t.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            JOIN pg_class t ON t.oid = x.indrelid WHERE t.reltuples >= {BIG}"""))

    def recipe(self):
        """What it is made from, as one word."""
        digest = hashlib.sha256(f"{datetime.date.today():%Y-%m} {self.fill}".encode())
        for path in [*sorted((ROOT / "migrations/deploy").glob("*.sql")), ROOT / "migrations/sqitch.plan",
                     ROOT / "tests/load/fill.sql", HERE / "samples.sql"]:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def connect(self, database=None):
        c = psycopg2.connect(host="127.0.0.1", port=self.owner.port, user="postgres",
                             password=self.password, dbname=database or self.name)
        c.autocommit = True
        return c

    def run(self, text, database=None):
        with contextlib.closing(self.connect(database)) as c, c.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall() if cursor.description else None

    def create(self):
        self.run(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", "postgres")
        self.run(f"CREATE DATABASE {self.name} OWNER mh_owner", "postgres")
        target = f"db:pg://mh_owner@127.0.0.1:{self.owner.port}/{self.name}"
        await_all([subprocess.Popen(["sqitch", "deploy", target], cwd=ROOT / "migrations", text=True,
                                    env=os.environ | {"PGPASSWORD": self.owner_password},
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)])
        await_all([self.script(ROOT / "tests/load/fill.sql", part=part, **self.fill)
                   for part in ("customers", "bookings", "rest")])
        await_all([self.script(HERE / "samples.sql")])
        self.run("VACUUM (ANALYZE)")
        self.run(f"COMMENT ON DATABASE {self.name} IS '{self.recipe()}'")

    def script(self, path, **variables):
        words = ["psql", "-Xq", "-h", "127.0.0.1", "-p", str(self.owner.port), "-U", "postgres", "-d", self.name]
        for name, value in variables.items():
            words += ["-v", f"{name}={value}"]
        return subprocess.Popen([*words, "-f", str(path)], env=os.environ | {"PGPASSWORD": self.password},
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def await_all(processes):
    outputs = [process.communicate()[0] for process in processes]
    assert all(process.returncode == 0 for process in processes), "\n".join(outputs)


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


class Session:
    """A service's connection, whose plans are looked at. Nothing that happens in it stays."""

    def __init__(self, database, service, stmts):
        self.big = database.big
        self.service = service
        self.connection = database.connect()
        self.connection.notices = collections.deque()
        self.cursor = self.connection.cursor()
        self.cursor.execute("LOAD 'auto_explain'")
        # What the pool sets, and for each plan a notice, also of those inside of functions.
        for setting in ("TimeZone = 'UTC'", "auto_explain.log_format = json", "auto_explain.log_analyze = on",
                        "auto_explain.log_timing = off", "auto_explain.log_level = notice",
                        "auto_explain.log_nested_statements = on", "auto_explain.log_min_duration = 0"):
            self.cursor.execute(f"SET {setting}")
        self.cursor.execute(f"SET SESSION AUTHORIZATION mh_{service}")
        for name, text in stmts.items():
            self.cursor.execute(f"PREPARE {name} AS {text}")

    def close(self):
        self.connection.close()

    @contextlib.contextmanager
    def undone(self, before=None):
        """What happens inside is undone; `before` is done first, by the superuser."""
        self.cursor.execute("BEGIN")
        try:
            if before:
                self.cursor.execute(f"""SET LOCAL SESSION AUTHORIZATION DEFAULT; {before};
                                        SET LOCAL SESSION AUTHORIZATION mh_{self.service}""")
            yield
        finally:
            self.cursor.execute("ROLLBACK")

    def generic_plan(self, name):
        self.cursor.execute("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s",
                            [name])
        n_params = self.cursor.fetchone()[0]
        call = f"({', '.join(['NULL'] * n_params)})" if n_params else ""
        self.cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        self.cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {name}{call}")
        return self.cursor.fetchone()[0][0]["Plan"]

    def call(self, name, params):
        """(number of rows, [(text of the query, plan)]) of a call; plans of all that it calls."""
        call = self.cursor.mogrify(f"({', '.join(['%s'] * len(params))})", params).decode()
        self.connection.notices.clear()
        self.cursor.execute(f"EXECUTE {name}{call if params else ''}")
        rows = self.cursor.rowcount
        logged = [json.loads(n.split("plan:", 1)[1]) for n in self.connection.notices if "plan:" in n]
        return rows, [(one["Query Text"], one["Plan"]) for one in logged]

    def reads(self, plan):
        """(table, how it is read, how many rows) of each node that reads a big table; no rows in a plan
        that was not executed."""
        for node in nodes(plan):
            name = node.get("Relation Name") or node.get("Index Name")
            if name in self.big:
                rows = sum(node.get(key, 0) for key in (
                    "Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
                yield self.big[name], node["Node Type"], rows * node.get("Actual Loops", 0)
