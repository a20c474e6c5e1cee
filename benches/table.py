"""Turns the rounds that run.sh measured into a table.   usage: table.py FOLDER WORK..."""

import json
import pathlib
import statistics
import sys

folder, works = pathlib.Path(sys.argv[1]), sys.argv[2:]
print("| work | program | seconds, median | lowest to highest | Pixloom is faster by |")
print("| --- | --- | --- | --- | --- |")
for work in works:
    rounds = []
    for path in sorted((folder / work).glob("*.json")):
        results = json.loads(path.read_text())["results"]
        rounds.append({result["command"]: result["times"][0] for result in results})
    for program in rounds[0]:
        times = [turn[program] for turn in rounds]
        # The ratio of each round, then its median: a machine that slows down slows both.
        ratio = statistics.median(turn[program] / turn["pixloom"] for turn in rounds)
        said = "" if program == "pixloom" else f"{ratio:.2f} x"
        print(f"| {work} | {program} | {statistics.median(times):.2f} | {min(times):.2f} to {max(times):.2f} | {said} |")
