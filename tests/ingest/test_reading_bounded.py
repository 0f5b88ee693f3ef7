"""A reader that fails, hangs, crashes or takes all memory is an error, and nothing worse."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from ingest.reading import Limits, ReadingError, bounded, read

TRICKS = """
import ctypes, os, sys, time
from ingest.reading.content import Content, Passage, ReadingError, Table

def echo(data, **options):
    print("noise")
    os.write(1, b"more noise")
    table = Table("t", (("a",),), merged={(0, 1): (0, 0)}, values={(0, 0): 1.5})
    return Content("text", (table,), (Passage("", data.decode() + str(options)),))

def fail(data): raise ReadingError("no\\nsuch  table")
def bug(data): return {}["missing"]
def odd(data): raise ValueError("no such form")
def hang(data): time.sleep(60)
def spin(data):
    while True: pass
def gorge(data): return [bytearray(1 << 20) for _ in range(100_000)]
def crash(data): ctypes.string_at(0)
def abort(data): os.abort()
def leave(data): os._exit(3)
def recurse(data): return recurse(data)
def stop(data): raise SystemExit("bye")
def evil(data):
    class Evil:
        def __reduce__(self): return (os.system, ("true",))
    return Evil()
def secrets(data): return sorted(os.environ)
def children(data):
    if os.fork() == 0:
        time.sleep(60)
    time.sleep(60)
"""


@pytest.fixture
def tricks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tricks.py").write_text(TRICKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("tricks")
def test_what_a_reader_gives_back() -> None:
    content = bounded.run("tricks:echo", "é".encode(), options={"name": "n"})
    assert content.passages[0].text == "é{'name': 'n'}"
    assert content.tables[0].merged == {(0, 1): (0, 0)}
    assert content.tables[0].values == {(0, 0): 1.5}


@pytest.mark.usefixtures("tricks")
@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("fail", "^no such table$"),
        ("bug", r"^the reader failed \(KeyError: 'missing'\): please report it$"),
        ("odd", "^it is damaged or unusual: ValueError: no such form$"),
        ("hang", "more than 1 seconds$"),
        ("spin", "more than 1 seconds$"),
        ("gorge", "more than 200 MB of memory"),
        ("crash", r"crashed \(SIGSEGV\)"),
        ("abort", "gave up, probably for want of memory"),
        ("leave", "ended with code 3 and no answer"),
        ("recurse", "RecursionError"),
        ("stop", "damaged or unusual: SystemExit: bye"),
        ("evil", r"posix.system, which isn't allowed"),
    ],
)
def test_what_goes_wrong_in_a_reader(function: str, why: str) -> None:
    seconds = 1 if function in ("hang", "spin") else 30
    with pytest.raises(ReadingError, match=why):
        bounded.run(f"tricks:{function}", b"x", limits=Limits(seconds, megabytes=200))


@pytest.mark.usefixtures("tricks")
def test_processor_time_is_bounded_too() -> None:
    start = time.monotonic()
    with pytest.raises(ReadingError, match=r"seconds( of processor time)?$"):
        bounded.run("tricks:spin", b"x", limits=Limits(seconds=1))
    assert time.monotonic() - start < 10


@pytest.mark.usefixtures("tricks")
def test_what_a_reader_starts_ends_with_it() -> None:
    with pytest.raises(ReadingError, match="more than 1 seconds"):
        bounded.run("tricks:children", b"x", limits=Limits(seconds=1))
    commands = [_text(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not any("tricks:children" in command for command in commands)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.usefixtures("tricks")
def test_no_secret_reaches_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICITY_OPENALEX_KEY", "secret")
    assert "AICITY_OPENALEX_KEY" not in bounded.run("tricks:secrets", b"")


def test_documents_are_read_from_threads() -> None:
    found: list[str] = []

    def work(number: int) -> None:
        found.append(read(f"city,score\nParis,{number}\n".encode()).tables[0].rows[1][1])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list("012345")
