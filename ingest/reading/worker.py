"""The process in which a document is read: see `ingest.reading.bounded`.

Takes its limits and what to call as arguments, the document on standard input, and writes the
pickled answer to standard output. Nothing but this module's parent starts it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import pickle
import sys
import warnings

from ingest.reading.content import ReadingError

DEFECTS = (AttributeError, TypeError, NameError, LookupError, AssertionError, ImportError,
           RuntimeError)  # fmt: skip
"""Errors of a program rather than of what it reads."""


def main() -> None:
    function, seconds, megabytes, options = sys.argv[1:]
    _limit(int(seconds), int(megabytes))
    # Libraries that print must not write into the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    spare: list[bytes] = [bytes(1 << 20)]  # to answer with when memory is at its end
    try:
        data = sys.stdin.buffer.read()
        module, name = function.split(":")
        result = getattr(importlib.import_module(module), name)(data, **json.loads(options))
        packed = pickle.dumps(("ok", result), protocol=5)
    except MemoryError:
        spare.clear()
        packed = pickle.dumps(("error", f"it needs more than {megabytes} MB of memory"))
    except ReadingError as error:
        packed = pickle.dumps(("error", " ".join(str(error).split())))
    except BaseException as error:  # whatever a library raises for a damaged document
        why = " ".join(str(error).split())[:300]
        kind = type(error).__name__
        told = f"{kind}: {why}".rstrip(": ")
        ours = isinstance(error, DEFECTS) and not isinstance(error, RecursionError)
        reason = (
            f"the reader failed ({told}): please report it"
            if ours
            else (f"it is damaged or unusual: {told}")
        )
        packed = pickle.dumps(("error", reason))
    answer.write(packed)
    answer.close()
    # Skips destructors, which may take long on large documents.
    os._exit(0)


def _limit(seconds: int, megabytes: int) -> None:
    with contextlib.suppress(ImportError):
        import resource

        size = megabytes << 20
        for name, value in (
            ("RLIMIT_CPU", seconds),
            ("RLIMIT_DATA", size),
            ("RLIMIT_AS", 4 * size),
            ("RLIMIT_CORE", 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (value, value))


if __name__ == "__main__":
    main()
