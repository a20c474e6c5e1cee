#!/usr/bin/env python3
"""Compares two builds of Pixloom in paired runs, so that no row of the benchmarks gets worse unnoticed.

usage: compare.py OLD NEW CORPUS [WORK...]     PIXLOOM_PAIRS rounds [15]
       compare.py --outputs PROGRAM CORPUS     three outputs of one decode against three runs, sharp and libvips

CORPUS has the folders photos and small (JPEG), and png, avif, jxl and svg if those works are wanted.

Prints the median of NEW's time divided by OLD's, and its 95 % interval (bootstrap over the rounds). In each round both
programs run once, in alternating order, into an empty folder and a new catalog, without fsync.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

JPEG85 = ["--format", "jpeg", "--quality", "85"]
JPEG90 = ["--save", "jpeg:quality=90,subsampling=420"]
GRADE = ["-s", "linear:scale=1.1,offset=-5", "-s", "saturation:factor=1.2", "-s", "sharpen:sigma=1,amount=0.8"]
CHAIN8 = ["brightness:amount=8", "contrast:amount=10", "gamma:value=1.1", "saturation:factor=1.2",
          "linear:scale=0.95,offset=3", "invert", "saturation:factor=0.9", "invert"]
# name: folder of the corpus, copies of each file, arguments
WORKS = {
    "thumb": ("photos", 1, ["-s", "resize:long_edge=1024", *JPEG85]),
    "web": ("photos", 1, ["-s", "resize:long_edge=2048", "-s", "sharpen:sigma=1,amount=0.8", *JPEG85]),
    "full": ("photos", 1, ["-s", "gaussian_blur:sigma=3", "-s", "grayscale", *JPEG90]),
    "grade": ("photos", 1, [*GRADE, *JPEG90]),
    "chain8": ("photos", 1, [word for step in CHAIN8 for word in ("-s", step)] + JPEG85),
    "png-webp": ("png", 1, ["--format", "webp", "--quality", "80"]),
    "png-png": ("png", 1, ["-s", "resize:long_edge=2048", "--format", "png"]),
    "small": ("small", 40, ["-s", "resize:long_edge=128", *JPEG85]),
    "copy": ("small", 40, []),
    "avif": ("avif", 1, ["-s", "resize:long_edge=512", *JPEG85]),
    "jxl": ("jxl", 1, ["-s", "resize:long_edge=512", *JPEG85]),
    "svg": ("svg", 1, ["-s", "resize:long_edge=512", "--format", "png"]),
}


def run(program, inputs, args, scratch):
    for name in ("out", "catalog"):
        shutil.rmtree(os.path.join(scratch, name), ignore_errors=True)
    os.mkdir(os.path.join(scratch, "catalog"))
    command = [program, "run", inputs, "-o", os.path.join(scratch, "out"), "--fast", *args]
    command += ["--catalog", os.path.join(scratch, "catalog", "c.sqlite")]
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def interval(ratios, draws=5000):
    """95 % of the medians of as many rounds drawn with replacement."""
    source = random.Random(1)
    medians = sorted(statistics.median(source.choices(ratios, k=len(ratios))) for _ in range(draws))
    return medians[int(draws * 0.025)], medians[int(draws * 0.975)]


def inputs_of(folder, copies, scratch):
    target = os.path.join(scratch, f"{os.path.basename(folder)}-{copies}")
    if not os.path.exists(target):
        os.mkdir(target)
        for name in sorted(os.listdir(folder)):
            for copy in range(copies):
                os.link(os.path.join(folder, name), os.path.join(target, f"{copy:03}-{name}"))
    return target


SIZES = (2048, 1024, 320)


def outputs_recipe(scratch):
    path = os.path.join(scratch, "sizes.toml")
    with open(path, "w", encoding="utf-8") as recipe:
        recipe.write("version = 2\n")
        for size in SIZES:
            recipe.write(f'[[output]]\nname = "{size}"\nstep = [{{ op = "resize", long_edge = {size} }}]\n'
                         'save = { format = "jpeg", quality = 85 }\n')
    return path


def peer(command, scratch):
    shutil.rmtree(os.path.join(scratch, "out"), ignore_errors=True)
    begin = time.perf_counter()
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin if ended.returncode == 0 else None


def compare_outputs(program, corpus):
    """2048, 1024 and 320 px of each photograph: one run with three outputs against three runs, and against the peers."""
    pairs = int(os.environ.get("PIXLOOM_PAIRS", "15"))
    peers = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
    with tempfile.TemporaryDirectory(dir=corpus) as scratch:
        inputs = inputs_of(os.path.join(corpus, "photos"), 1, scratch)
        files = [os.path.join(inputs, name) for name in sorted(os.listdir(inputs))]
        recipe = outputs_recipe(scratch)
        out = os.path.join(scratch, "out")
        python = os.environ.get("PIXLOOM_PYTHON", "python3")
        programs = {
            "three runs": lambda: sum(run(program, inputs, ["-s", f"resize:long_edge={size}", *JPEG85], scratch)
                                      for size in SIZES),
            "sharp, clones": lambda: peer(["node", os.path.join(peers, "sharp.js"), "outputs", out, *files], scratch),
            "libvips": lambda: peer([python, os.path.join(peers, "libvips.py"), "outputs", out, *files], scratch),
        }
        ratios, times = {}, {}
        for number in range(pairs + 1):
            names = list(programs)
            for name in names if number % 2 else reversed(names):
                order = [("ours", lambda: run(program, inputs, ["-r", recipe], scratch)), (name, programs[name])]
                seconds = {who: measure() for who, measure in (order if number % 2 else order[::-1])}
                if seconds[name] is None:
                    programs.pop(name)
                    print(f"{name} is left out: it does not run here", file=sys.stderr)
                elif number:  # the first round warms the disk's cache
                    ratios.setdefault(name, []).append(seconds["ours"] / seconds[name])
                    for who, value in seconds.items():
                        times.setdefault((name, who), []).append(value)
    print("| compared with | it, median s | three outputs, median s | ratio | 95 % interval |")
    print("| --- | --- | --- | --- | --- |")
    for name, of_name in ratios.items():
        low, high = interval(of_name)
        theirs, ours = (statistics.median(times[name, who]) for who in (name, "ours"))
        print(f"| {name} | {theirs:.2f} | {ours:.2f} | {statistics.median(of_name):.3f} | {low:.3f} to {high:.3f} |")


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--outputs":
        return compare_outputs(*sys.argv[2:])
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    old, new, corpus, *works = sys.argv[1:]
    pairs = int(os.environ.get("PIXLOOM_PAIRS", "15"))
    print("| work | old, median s | new, median s | new / old | 95 % interval |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(dir=corpus) as scratch:
        for work in works or WORKS:
            folder, copies, args = WORKS[work]
            if not os.path.isdir(os.path.join(corpus, folder)):
                print(f"{work}: the corpus has no folder {folder}; left out", file=sys.stderr)
                continue
            inputs = inputs_of(os.path.join(corpus, folder), copies, scratch)
            times = {old: [], new: []}
            for number in range(pairs + 1):
                order = (old, new) if number % 2 else (new, old)
                for program in order:
                    seconds = run(program, inputs, args, scratch)
                    if number:  # the first round warms the disk's cache
                        times[program].append(seconds)
            ratios = [b / a for a, b in zip(times[old], times[new])]
            low, high = interval(ratios)
            middle = [statistics.median(times[program]) for program in (old, new)]
            row = f"{middle[0]:.2f} | {middle[1]:.2f} | {statistics.median(ratios):.3f} | {low:.3f} to {high:.3f}"
            print(f"| {work} | {row} |", flush=True)


main()
