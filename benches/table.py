"""Turns the rounds that run.sh measured into tables.   usage: table.py FOLDER WORK..."""

import json
import pathlib
import statistics
import sys

# At most this share of the best peer's time is what we want.
TARGETS = {"thumb": 0.85, "web": 0.50, "full": 0.42, "grade": 0.55, "png-webp": 1.0, "png-png": 1.0, "chain8": 1.0}
ALONE = ("pixloom, one worker", "pixloom, one core")

folder, works = pathlib.Path(sys.argv[1]), sys.argv[2:]
verdicts = []
print("| work | program | seconds, median | lowest to highest | Pixloom takes |")
print("| --- | --- | --- | --- | --- |")
for work in works:
    rounds = []
    for path in sorted((folder / work).glob("*.json")):
        results = json.loads(path.read_text())["results"]
        rounds.append({result["command"]: result["times"][0] for result in results})
    shares = {}
    for program in rounds[0]:
        times = [turn[program] for turn in rounds]
        # The share of each round, then its median: a machine that slows down slows both.
        shares[program] = statistics.median(turn["pixloom"] / turn[program] for turn in rounds)
        said = "" if program == "pixloom" else f"{shares[program]:.2f} of it"
        print(f"| {work} | {program} | {statistics.median(times):.2f} | {min(times):.2f} to {max(times):.2f} | {said} |")
    peers = {program: share for program, share in shares.items() if not program.startswith("pixloom")}
    best = max(peers, key=peers.get, default=None)
    gains = [f"{1 / shares[alone]:.2f} x" if alone in shares else "" for alone in ALONE]
    verdicts.append((work, best, peers.get(best), TARGETS.get(work), gains))

print("\n| work | best peer | Pixloom takes | wanted at most | holds | two workers against one | two cores against one |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for work, best, share, wanted, gains in verdicts:
    holds = "" if share is None or wanted is None else "yes" if share <= wanted else "no"
    print(f"| {work} | {best or ''} | {share or 0:.2f} | {wanted or ''} | {holds} | {' | '.join(gains)} |")
