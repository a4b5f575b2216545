"""Two at once, in an order that the test decides."""
import contextlib
import threading

import psycopg2

from lib.stack import wait_for


@contextlib.contextmanager
def meanwhile(running, db, call):
    """A transaction that `call` has to wait for; results has the reply after the block."""
    results = []
    caller = threading.Thread(target=lambda: results.append(call()))
    connection = psycopg2.connect(running.env["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            yield cursor, results
            caller.start()

            def waits():
                db.execute("SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))",
                           (connection.info.backend_pid,))
                return db.fetchall()
            wait_for(waits, "the call to wait")
    finally:
        connection.close()
    caller.join()
