"""Fixtures of the room ``ingest``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# A machine that is busy with other tests is no reason to fail.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
pytest.register_assert_rewrite("ingest_bench")

from ingest_bench import Bench, Site, web_site  # noqa: E402

from ingest.pulling import politeness  # noqa: E402
from ingest.settings import PROJECT  # noqa: E402


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    politeness.forget()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with web_site() as made:
        yield made


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real raw files beside the project; tests that need it skip without it."""
    folder = PROJECT.parent / "shared"
    needed = [folder / name for name in ("mirror", "reports", "seed", "facts")]
    missing = [str(path.name) for path in needed if not path.is_dir()]
    if missing:
        pytest.skip(f"no real raw files beside the project: shared/{', shared/'.join(missing)}")
    return folder
