"""Uses the real window as a person with a screen reader would: finds things by their accessible name and presses them.

usage: drive.py PROGRAM FOLDER PICTURE...     exit code 0: all pictures were saved; 1: it went wrong; 77: can't be tried

Results are looked for in FOLDER, in new folders named `...-pixloom`.
"""

import os
import subprocess
import sys
import time

try:
    import pyatspi
except ImportError as error:
    print(f"no pyatspi: {error}", file=sys.stderr)
    sys.exit(77)

PATIENCE_S = 60
POLL_S = 0.05


class Gone(Exception):
    """The program ended by itself."""


def children(node):
    try:
        for index in range(node.childCount):
            child = node.getChildAtIndex(index)
            if child is not None:
                yield child
    except Exception:  # the tree changes while it is read
        return


def walk(node):
    yield node
    for child in children(node):
        yield from walk(child)


def name_of(node):
    try:
        return node.name or ""
    except Exception:
        return ""


def window_of(program):
    """The accessible application that belongs to our process, not to another of the same name."""
    for application in children(pyatspi.Registry.getDesktop(0)):
        try:
            if application.get_process_id() == program.pid or "pixloom" in name_of(application).lower():
                return application
        except Exception:
            continue
    return None


def find(root, wanted):
    return next((node for node in walk(root) if wanted(name_of(node))), None) if root is not None else None


def wait_for(what, description, program, seconds=PATIENCE_S):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        if program.poll() is not None:
            raise Gone(f"the program ended with {program.returncode} while waiting for {description}")
        time.sleep(POLL_S)
    raise TimeoutError(f"{description}: not there after {seconds} s")


def is_enabled(node):
    try:
        states = node.getState()
        return states.contains(pyatspi.STATE_ENABLED) or states.contains(pyatspi.STATE_SENSITIVE)
    except Exception:
        return False


def press(program, wanted, description):
    """Presses what bears the name, once it is enabled."""

    def attempt():
        node = find(window_of(program), wanted)
        if node is None or not is_enabled(node):
            return None
        try:
            # What could be done with it is remembered from when it was disabled.
            node.clear_cache()
            action = node.queryAction()
            return action.nActions > 0 and action.doAction(0) and name_of(node)
        except Exception:
            return None

    name = wait_for(attempt, description, program)
    print(f"pressed: {name}")
    return name


def show(root, depth=0):
    if root is None:
        print("(no window)")
        return
    try:
        print("  " * depth + root.getRoleName(), repr(root.name))
    except Exception:
        return
    for child in children(root):
        show(child, depth + 1)


def is_picture(path):
    """Whether the file begins and ends as its format asks; the test beside this decodes it."""
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(b"\xff\xd8\xff"):
        return data.rstrip(b"\0").endswith(b"\xff\xd9")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data.endswith(b"IEND\xaeB`\x82")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data) + 1
    return data[:4] in (b"II*\0", b"MM\0*")


def results(root):
    """Finished files in every results folder below."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    return sorted(path for path in found if "-pixloom" + os.sep in path and not path.endswith(".part"))


def work(program, out_dir, pictures):
    count = len(pictures)
    start = f"Start {count} item" + ("" if count == 1 else "s")
    wait_for(lambda: window_of(program), "the window", program)
    wait_for(lambda: find(window_of(program), start.__eq__), f'"{start}"', program)

    # A filter through its menu: what is listed there is found by name, too.
    press(program, "Add filter".__eq__, '"Add filter"')
    press(program, lambda name: name in ("Grayscale", "Invert"), "a filter of the menu")

    press(program, lambda name: name.startswith("Start ") and "item" in name, f'"{start}"')
    wait_for(lambda: find(window_of(program), "Open results".__eq__), '"Open results"', program)
    wait_for(lambda: len(results(out_dir)) >= count, f"{count} files in {out_dir}", program)

    files = results(out_dir)
    broken = [path for path in files if not is_picture(path)]
    if len(files) != count or broken:
        raise AssertionError(f"{count} images expected; there are {files}; broken: {broken}")
    print(f"saved: {len(files)}")


def attend(program, work):
    """Runs `work` beside the program, and ends that; returns the exit code."""
    try:
        work()
    except (Gone, TimeoutError, AssertionError) as error:
        print(f"failed: {error}", file=sys.stderr)
        show(window_of(program))
        shot = os.environ.get("PIXLOOM_SHOT")
        if shot:
            subprocess.run(["scrot", "-o", shot], check=False)
        return 1
    finally:
        if program.poll() is None:
            program.terminate()
            try:
                program.wait(timeout=10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
    return 0


def main():
    binary, out_dir, pictures = sys.argv[1], sys.argv[2], sys.argv[3:]
    program = subprocess.Popen([binary, *pictures], stdin=subprocess.DEVNULL)
    return attend(program, lambda: work(program, out_dir, pictures))


if __name__ == "__main__":
    sys.exit(main())
