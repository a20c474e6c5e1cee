#!/usr/bin/env python3
"""Times writing rows back into tables against what users would run instead, and durable results against fast ones.

usage: databases.py PIXLOOM WRITE_BACK [WORK...]     PIXLOOM_PAIRS rounds [9], PIXLOOM_ROWS [100000]

PIXLOOM is the program; WRITE_BACK the benchmark of the same name, as `cargo bench --bench write_back --no-run` builds it.
Works: sqlite postgres mariadb (write-back), durable (24 photographs with and without --fast; needs PIXLOOM_CORPUS).

Needs psycopg, PyMySQL and sqlite-utils (pip), and the servers of PostgreSQL and MariaDB, which are started in a scratch
folder and stopped at the end. Every round runs all programs once, in changing order, on the same rows, into a table of
keys without values, and the servers keep their defaults. Prints the median of Pixloom's time divided by the other's, and
its 95 % interval.
"""

import glob
import os
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = int(os.environ.get("PIXLOOM_ROWS", "100000"))
ROUNDS = int(os.environ.get("PIXLOOM_PAIRS", "9"))
COLUMNS = "id INTEGER PRIMARY KEY, width INTEGER, height INTEGER, sha256 VARCHAR(64), path VARCHAR(255), state VARCHAR(20)"
SETS = ("width", "height", "sha256", "path", "state")


def rows():
    """The rows of `write_back.rs`."""
    return [(1024, 683, f"{n:064x}", f"/srv/shop/images/{n:08}.jpg", "done", n + 1) for n in range(ROWS)]


def interval(ratios, draws=5000):
    """95 % of the medians of as many rounds drawn with replacement."""
    source = random.Random(1)
    medians = sorted(statistics.median(source.choices(ratios, k=len(ratios))) for _ in range(draws))
    return medians[int(draws * 0.025)], medians[int(draws * 0.975)]


def compare(title, ours, others, prepare=lambda: None):
    """Runs our function and the others in turns, and prints the ratios. Each returns its seconds, or None: all of it."""
    programs = {"ours": ours, **others}
    times = {name: [] for name in programs}
    for number in range(ROUNDS):
        names = list(programs)
        names = names[number % len(names):] + names[:number % len(names)]
        for name in names:
            prepare()
            begin = time.perf_counter()
            seconds = programs[name]()
            times[name].append(seconds if seconds is not None else time.perf_counter() - begin)
    print(f"{title}: pixloom {statistics.median(times['ours']):.3f} s")
    for name in others:
        ratios = [ours / other for ours, other in zip(times["ours"], times[name])]
        low, high = interval(ratios)
        median = statistics.median(times[name])
        print(f"  against {name} ({median:.3f} s): {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})", flush=True)


def write_back(program, dsn, mode):
    """The seconds that the rows took."""
    command = [program, "--bench", dsn, "product", str(ROWS), mode]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(is_ready, process, log):
    deadline = time.monotonic() + 60
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the server did not start; see {log}")
        time.sleep(0.1)


def sqlite(program, scratch):
    import sqlite_utils

    path = os.path.join(scratch, "shop.sqlite")

    def prepare():
        for file in glob.glob(path + "*"):
            os.remove(file)
        with sqlite3.connect(path) as sql:
            sql.execute(f"CREATE TABLE product({COLUMNS})")
            sql.executemany("INSERT INTO product(id) VALUES (?)", ((n + 1,) for n in range(ROWS)))

    def executemany(statement):
        values = rows()
        begin = time.perf_counter()
        with sqlite3.connect(path) as sql:
            sql.executemany(statement, values)
        return time.perf_counter() - begin

    def utils_upsert():
        records = [dict(zip((*SETS, "id"), row)) for row in rows()]
        begin = time.perf_counter()
        sqlite_utils.Database(path)["product"].upsert_all(records, pk="id")
        return time.perf_counter() - begin

    update = "UPDATE product SET width=?, height=?, sha256=?, path=?, state=? WHERE id=?"
    sets = ", ".join(f"{name} = excluded.{name}" for name in SETS)
    upsert = f"INSERT INTO product({', '.join(SETS)}, id) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET {sets}"
    for mode, statement in ("update", update), ("upsert", upsert):
        others = {"sqlite-utils upsert": utils_upsert, "sqlite3 executemany": lambda: executemany(statement)}
        compare(f"SQLite, {mode} of {ROWS} rows", lambda: write_back(program, path, mode), others, prepare)


def postgres(program, scratch):
    import psycopg

    folder, port = os.path.join(scratch, "postgres"), free_port()
    bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    os.chmod(scratch, 0o755)
    os.mkdir(folder)
    if drop:
        shutil.chown(folder, "postgres", "postgres")
    initdb = [*drop, f"{bin}/initdb", "-D", folder, "-U", "shop", "-A", "trust", "-E", "UTF8"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/")
    log = open(os.path.join(scratch, "postgres.log"), "w")
    server = [*drop, f"{bin}/postgres", "-D", folder, "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    server = subprocess.Popen(server, stdout=log, stderr=log, cwd="/")
    dsn = f"postgres://shop@127.0.0.1:{port}/postgres"
    try:
        wait_for(lambda: subprocess.run([f"{bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0,
                 server, log.name)
        connection = psycopg.connect(dsn, autocommit=True)

        def prepare():
            connection.execute("DROP TABLE IF EXISTS product")
            connection.execute(f"CREATE TABLE product({COLUMNS})")
            connection.execute(f"INSERT INTO product(id) SELECT generate_series(1, {ROWS})")
            connection.execute("VACUUM ANALYZE product")

        update = "UPDATE product SET width=%s, height=%s, sha256=%s, path=%s, state=%s WHERE id=%s"
        upsert = f"INSERT INTO product({', '.join(SETS)}, id) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET "
        upsert += ", ".join(f"{name} = excluded.{name}" for name in SETS)

        def executemany(statement):
            with psycopg.connect(dsn) as sql:
                values = rows()
                begin = time.perf_counter()
                sql.cursor().executemany(statement, values)
                sql.commit()
                return time.perf_counter() - begin

        def copy():
            with psycopg.connect(dsn) as sql:
                values = rows()
                begin = time.perf_counter()
                sql.execute("CREATE TEMP TABLE fresh(LIKE product) ON COMMIT DROP")
                with sql.cursor().copy(f"COPY fresh({', '.join(SETS)}, id) FROM STDIN") as into:
                    for row in values:
                        into.write_row(row)
                sets = ", ".join(f"{name} = fresh.{name}" for name in SETS)
                sql.execute(f"UPDATE product SET {sets} FROM fresh WHERE product.id = fresh.id")
                sql.commit()
                return time.perf_counter() - begin

        for mode, statement in ("update", update), ("upsert", upsert):
            others = {"psycopg executemany": lambda: executemany(statement), "psycopg COPY and UPDATE": copy}
            compare(f"PostgreSQL, {mode} of {ROWS} rows", lambda: write_back(program, dsn, mode), others, prepare)
    finally:
        server.send_signal(signal.SIGINT)  # SIGTERM would wait for the connections to end
        server.wait()


def mariadb_server(scratch):
    folder, port = os.path.join(scratch, "mariadb"), free_port()
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    os.chmod(scratch, 0o755)
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, *user], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = open(os.path.join(scratch, "mariadb.log"), "w")
    server = ["mariadbd", "--no-defaults", f"--datadir={folder}", f"--port={port}", "--bind-address=127.0.0.1",
              f"--socket={folder}/socket", f"--pid-file={folder}/pid", *user]
    return subprocess.Popen(server, stdout=log, stderr=log), port, log.name


def mariadb(program, scratch):
    import pymysql

    server, port, log = mariadb_server(scratch)

    def connect():
        return pymysql.connect(host="127.0.0.1", port=port, user="root", database="test", autocommit=False)

    def is_ready():
        try:
            connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    try:
        wait_for(is_ready, server, log)

        def prepare():
            connection = connect()
            with connection, connection.cursor() as sql:
                sql.execute("DROP TABLE IF EXISTS product")
                sql.execute(f"CREATE TABLE product({COLUMNS})")
                sql.execute(f"INSERT INTO product(id) SELECT seq FROM seq_1_to_{ROWS}")
                connection.commit()

        def executemany(statement):
            connection = connect()
            with connection, connection.cursor() as sql:
                values = rows()
                begin = time.perf_counter()
                sql.executemany(statement, values)
                connection.commit()
                return time.perf_counter() - begin

        dsn = f"mysql://root@127.0.0.1:{port}/test"
        update = "UPDATE product SET width=%s, height=%s, sha256=%s, path=%s, state=%s WHERE id=%s"
        sets = ", ".join(f"{name} = VALUES({name})" for name in SETS)
        # PyMySQL joins the rows of such a statement into few statements.
        upsert = f"INSERT INTO product({', '.join(SETS)}, id) VALUES (%s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE {sets}"
        for mode, statement in ("update", update), ("upsert", upsert):
            others = {"PyMySQL executemany": lambda: executemany(statement)}
            compare(f"MariaDB, {mode} of {ROWS} rows", lambda: write_back(program, dsn, mode), others, prepare)
    finally:
        server.terminate()
        server.wait()


def durable(pixloom, scratch):
    photos = os.path.join(os.environ["PIXLOOM_CORPUS"], "photos")

    def run(*options):
        for name in ("out", "catalog"):
            shutil.rmtree(os.path.join(scratch, name), ignore_errors=True)
        os.mkdir(os.path.join(scratch, "catalog"))
        command = [pixloom, "run", photos, "-o", os.path.join(scratch, "out"), "-s", "resize:long_edge=2048",
                   "--format", "jpeg", "--catalog", os.path.join(scratch, "catalog", "c.sqlite"), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    compare("24 photographs, durable", run, {"--fast": lambda: run("--fast")})


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    pixloom, program, *works = sys.argv[1:]
    pixloom, program = os.path.abspath(pixloom), os.path.abspath(program)
    for work in works or ["sqlite", "postgres", "mariadb"]:
        of_rows = {"sqlite": sqlite, "postgres": postgres, "mariadb": mariadb}
        of_program = {"durable": durable}
        with tempfile.TemporaryDirectory() as scratch:
            if work in of_rows:
                of_rows[work](program, scratch)
            elif work in of_program:
                of_program[work](pixloom, scratch)
            else:
                sys.exit(f"unknown work {work}\n{__doc__}")


main()
