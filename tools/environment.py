"""Sets up the project's Python environment in `.venv`; needs only Python 3.11 to 3.13 and pip.

    python3 tools/environment.py requirements.txt [folder for packages apart, e.g. .venv/old]

Does nothing when what the file asks for is installed already.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"


@contextmanager
def lock() -> Iterator[None]:
    """Of two makes at once, the second one waits."""
    folder = os.open(PROJECT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main(requirements: Path, target: Path | None = None) -> None:
    stamp = VENV / f"{requirements.stem}.installed"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    python = VENV / "bin/python"
    with lock():
        if python.exists() and stamp.exists() and stamp.read_text() == digest:
            return
        if not python.exists():
            create()
        print(f"Installing {requirements.name} into .venv (a minute or two) ...", flush=True)
        pip = [sys.executable, "-m", "pip", "--python", python]
        if subprocess.run([*pip, "--version"], capture_output=True).returncode:
            sys.exit(
                f"pip 22.3 or newer is needed for {sys.executable}: install or upgrade it "
                "(Debian: apt-get install python3-pip)."
            )
        # The file lists every package, so pip has nothing to resolve.
        command = [*pip, "install", "-qq", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        if target:
            command += ["--upgrade", "--target", target]
        if subprocess.run([*command, "-r", requirements]).returncode:
            sys.exit(f"Installing {requirements.name} failed, see above; run make again.")
        stamp.write_text(digest)


def create() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Python 3.11, 3.12 or 3.13 is needed, {sys.executable} is {found}. "
            "Name another one: make PYTHON=python3.12 ..."
        )
    # Without pip, since Debian's Python lacks ensurepip; cleared of what another Python left.
    venv = [sys.executable, "-m", "venv", "--clear", "--without-pip", VENV]
    subprocess.run(venv, check=True)


if __name__ == "__main__":
    main(PROJECT / sys.argv[1], *(PROJECT / folder for folder in sys.argv[2:]))
