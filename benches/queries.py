#!/usr/bin/env python3
"""Statements that take 5 ms each, over 8 connections and over one, in pairs.

PIXLOOM_BIN is a built Pixloom, PIXLOOM_DB a PostgreSQL or MySQL database (no table is needed), PIXLOOM_STATEMENTS the
number of statements [1000] and PIXLOOM_PAIRS the number of rounds [5]. Prints the median of the paired ratios.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time


def main():
    database = os.environ.get("PIXLOOM_DB")
    if not database:
        sys.exit("PIXLOOM_DB names no database, such as postgresql://me@localhost/shop")
    program = os.environ.get("PIXLOOM_BIN", "target/release/pixloom")
    statements = int(os.environ.get("PIXLOOM_STATEMENTS", "1000"))
    sleep = "SLEEP(0.005)" if database.startswith(("mysql", "mariadb")) else "pg_sleep(0.005)"
    with tempfile.TemporaryDirectory() as folder:
        rows = os.path.join(folder, "rows.csv")
        with open(rows, "w", encoding="utf-8") as file:
            file.write("id\n" + "".join(f"{number}\n" for number in range(statements)))

        def seconds(connections):
            out = os.path.join(folder, "out.csv")
            began = time.perf_counter()
            subprocess.run(
                [program, "query", "--db", database, "--sql", f"SELECT :id AS id, {sleep} AS slept", "--each", rows]
                + ["-o", out, "--on-conflict", "overwrite", "--db-connections", str(connections), "--quiet"]
                + ["--catalog", os.path.join(folder, "catalog.sqlite")],
                check=True,
            )
            spent = time.perf_counter() - began
            with open(out, encoding="utf-8") as file:
                assert sum(1 for _ in file) == statements + 1, "rows are missing"
            return spent

        seconds(8)
        ratios = []
        for _ in range(int(os.environ.get("PIXLOOM_PAIRS", "5"))):
            one, eight = seconds(1), seconds(8)
            ratios.append(one / eight)
            print(f"1 connection {one:.2f} s, 8 connections {eight:.2f} s: {one / eight:.2f} times as fast", flush=True)
        print(f"median {statistics.median(ratios):.2f} (goal: at least 7)")


main()
