#!/usr/bin/env python3
"""Compares many small files given as arguments with the folder that holds them, in paired runs.

    benches/sources.py PIXLOOM [FILES=2000] [ROUNDS=7]

Prints the median of each and the median ratio with its range. The goal is a ratio of at most 1.3.
"""
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib


def png(n: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes((x * y + n) % 256 for x in range(24)) for y in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def seconds(program: str, work: pathlib.Path, inputs: list[str]) -> float:
    out, catalog = work / "out", work / "catalog"
    for old in (out, catalog):
        shutil.rmtree(old, ignore_errors=True)
    catalog.mkdir()
    began = time.perf_counter()
    command = [program, "run", "--catalog", str(catalog / "c.sqlite"), "-o", str(out), "--fast", *inputs]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    program = os.path.abspath(sys.argv[1])
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        folder = work / "in"
        folder.mkdir()
        for n in range(files):
            (folder / f"{n:06}.png").write_bytes(png(n))
        paths = sorted(str(path) for path in folder.iterdir())
        seconds(program, work, [str(folder)])
        pairs = []
        for round_number in range(rounds):
            runs = [("folder", [str(folder)]), ("arguments", paths)]
            if round_number % 2:
                runs.reverse()
            pairs.append({kind: seconds(program, work, inputs) for kind, inputs in runs})
        ratios = sorted(pair["arguments"] / pair["folder"] for pair in pairs)
        for kind in ("folder", "arguments"):
            print(f"{kind}: {statistics.median(pair[kind] for pair in pairs):.2f} s")
        print(f"{files} files, {rounds} rounds: ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


main()
