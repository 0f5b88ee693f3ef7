"""A reader in a process of its own, so that no document can take the time or memory of a run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.reading import content
from ingest.reading.content import ReadingError

_PROJECT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TMP",
                "TEMP", "SYSTEMROOT", "PYTHONPATH", "OMP_NUM_THREADS", "TZ")  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What reading one document may take."""

    seconds: int = 300
    """Of wall-clock time, and of processor time on each of two processors."""
    megabytes: int = 2048
    """Of memory that the reader allocates."""


def run(
    function: str,
    data: bytes,
    *,
    limits: Limits | None = None,
    options: Mapping[str, object] | None = None,
) -> Any:
    """What ``function`` ("module:name", of this package) makes of the bytes, within limits.

    It runs in a new Python process that gets no secrets from the environment and gives back
    only the classes of `ingest.reading.content` and plain values. May be called from threads.

    Raises:
        ReadingError: the reader raised one, failed, crashed, or went over a limit.
    """
    limits = limits or Limits()
    command = [sys.executable, "-m", "ingest.reading.worker", function]
    command += [str(2 * limits.seconds), str(limits.megabytes), json.dumps(dict(options or {}))]
    process = subprocess.Popen(
        command,
        cwd=_PROJECT,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        packed, _ = process.communicate(data, timeout=limits.seconds)
    except subprocess.TimeoutExpired:
        raise ReadingError(f"reading takes more than {limits.seconds} seconds") from None
    finally:
        _kill(process)
    if process.returncode != 0 or not packed:
        raise ReadingError(_reason(process.returncode, limits))
    outcome, result = _Unpickler(io.BytesIO(packed)).load()
    if outcome == "error":
        raise ReadingError(result)
    return result


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the reader and whatever it started, also when this thread is interrupted."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _reason(code: int, limits: Limits) -> str:
    if code == -getattr(signal, "SIGXCPU", 24):
        return f"reading takes more than {2 * limits.seconds} seconds of processor time"
    if code == -signal.SIGKILL:
        return f"the reader was killed, probably for want of memory ({limits.megabytes} MB allowed)"
    if code == -signal.SIGABRT:
        return f"the reader gave up, probably for want of memory ({limits.megabytes} MB allowed)"
    if code < 0:
        return f"the reader crashed ({signal.Signals(-code).name}): the document is damaged"
    return f"the reader ended with code {code} and no answer"


class _Unpickler(pickle.Unpickler):
    """A document that takes over its reader can still only answer with text and numbers."""

    def find_class(self, module: str, name: str) -> Any:
        if module == content.__name__ and name in ("Content", "Table", "Passage"):
            return getattr(content, name)
        raise ReadingError(f"the reader answered with {module}.{name}, which isn't allowed")
