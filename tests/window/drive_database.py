"""Uses the page "From a database…" of the real window as a person with a screen reader would.

usage: drive_database.py PROGRAM DATABASE RESULT LANGUAGE     exit code as that of drive.py

Connects to the SQLite file DATABASE, picks its table `products`, has its rows saved to the file RESULT, and reads the first
rows back from the window.
"""

import os
import subprocess
import sys

import drive
from drive import find, name_of, press, wait_for, walk, window_of

WORDS = {
    "en": ["From a database…", "Database name or file", "Test connection", "Save the result", "File or folder",
           "Start query", "Open results", "Show result"],
    "ko": ["데이터베이스에서…", "데이터베이스 주소 또는 파일", "연결 확인", "결과 저장", "파일 또는 폴더",
           "쿼리 시작", "결과 폴더 열기", "결과 보기"],
}


def enter(program, name, text):
    """Writes into the field with this name, until the text is in it."""

    def attempt():
        fields = [node for node in walk(window_of(program)) if name_of(node) == name and node.getRoleName() == "entry"]
        try:
            for node in fields:
                node.clear_cache()
                node.queryEditableText().setTextContents(text)
                return node.queryText().getText(0, -1) == text
        except Exception:  # the tree changes while it is read
            return False

    wait_for(attempt, f'"{text}" in the field "{name}"', program)


def work(program, database, result, lang):
    page, name, test, save, place, start, opened, shown = WORDS[lang]
    wait_for(lambda: find(window_of(program), page.__eq__), f'"{page}"', program)
    press(program, page.__eq__, f'"{page}"')
    enter(program, name, database)
    press(program, test.__eq__, f'"{test}"')
    press(program, "products".__eq__, "the table")
    wait_for(lambda: find(window_of(program), "1, linen shirt".__eq__), "the first row", program)
    press(program, save.__eq__, f'"{save}"')
    enter(program, place, result)
    press(program, start.__eq__, f'"{start}"')
    wait_for(lambda: find(window_of(program), opened.__eq__), f'"{opened}"', program)
    wait_for(lambda: os.path.exists(result), result, program)
    wait_for(lambda: find(window_of(program), "2, oak table".__eq__), "the rows of the result", program)
    press(program, shown.__eq__, f'"{shown}"')


def main():
    binary, database, result, lang = sys.argv[1:]
    program = subprocess.Popen([binary, "--lang", lang], stdin=subprocess.DEVNULL)
    return drive.attend(program, lambda: work(program, database, result, lang))


if __name__ == "__main__":
    sys.exit(main())
