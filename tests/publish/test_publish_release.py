"""Releases: whole or not at all, and never changed."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import publish
import publish.write

PROJECT = Path(__file__).parents[2]
DUCKDB1 = Path(os.environ.get("AICITY_DUCKDB1", PROJECT / ".venv" / "duckdb1"))

Make = Callable[..., Path]


def ranks(file: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute(
            "select city_id, rank from marts.index_ranking where edition = 2023 order by rank"
        ).fetchall()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def script(home: Any, build: Path, before: str = "") -> list[str]:
    """A process that publishes, for what must happen in another process."""
    return [
        sys.executable,
        "-c",
        textwrap.dedent(f"""
            import sys
            sys.path.insert(0, {str(PROJECT)!r})
            from pathlib import Path
            import publish, publish.write
            before = {before!r}
            exec(before)
            result = publish.release(
                Path({str(build)!r}), Path({str(home.releases)!r}), Path({str(home.current)!r}),
                refusals=[], inputs={{}},
            )
            print(result.status, result.release_id)
        """),
    ]


def test_first_release(home: Any, make_build: Make) -> None:
    result = home.release(make_build())
    assert result.status == "published"
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", result.release_id)
    assert result.release_id.endswith(result.digest[:8])
    assert home.ids() == [result.release_id]
    assert str(home.current.readlink()) == f"releases/{result.release_id}"
    assert ranks(home.current / "warehouse.duckdb") == [("aa", 1), ("bb", 2), ("cc", 3)]
    for name in ("warehouse.duckdb", "manifest.json"):
        assert (result.path / name).stat().st_mode & 0o777 == 0o444
    assert names(result.path) == ["manifest.json", "warehouse.duckdb"]


def test_manifest(home: Any, make_build: Make) -> None:
    first = home.release(make_build())
    second = home.release(make_build({"bb": 1, "aa": 2, "dd": 3}), inputs={"catalog": "abc"})
    manifest = json.loads((home.current / "manifest.json").read_text())
    assert manifest["release_id"] == second.release_id
    assert manifest["previous"] == first.release_id
    assert manifest["content_digest"] == second.digest
    assert manifest["inputs"] == {"catalog": "abc"}
    assert manifest["documents"] == {"book": ["d1", "d2"]}
    assert manifest["checks"]["run"] == 2
    assert manifest["checks"]["passed"] == 1
    assert [check["check_name"] for check in manifest["checks"]["failed"]] == ["age"]
    assert manifest["tables"]["raw.observation"]["rows"] == 3
    assert "audit.check_result" not in manifest["tables"]
    assert manifest["software"]["duckdb"] == duckdb.__version__
    ranking = manifest["difference"]["rankings"]["flag"]
    assert ranking["rank_changes"] == [
        {"city_id": "bb", "city_name": "BB", "old": 2, "new": 1},
        {"city_id": "aa", "city_name": "AA", "old": 1, "new": 2},
    ]


def test_release_keeps_comments_and_keys(home: Any, make_build: Make) -> None:
    build = make_build()
    home.release(build)
    named = "schema_name, table_name"
    column = "column_name, data_type, comment, is_nullable"
    key = "constraint_type, constraint_column_names"
    queries = [
        f"select {named}, comment from duckdb_tables() order by all",
        f"select {named}, {column} from duckdb_columns() where not internal order by all",
        f"select {named}, {key} from duckdb_constraints() order by all",
        "from audit.check_result",
    ]
    with (
        duckdb.connect(str(build), read_only=True) as one,
        duckdb.connect(str(home.current / "warehouse.duckdb"), read_only=True) as other,
    ):
        for query in queries:
            assert one.execute(query).fetchall() == other.execute(query).fetchall()
            assert one.execute(query).fetchall()
        tags = other.execute("select tags from duckdb_databases() where not internal").fetchall()
        assert "v1.0.0" in str(tags)


@pytest.mark.skipif(
    not (DUCKDB1 / "duckdb").is_dir(),
    reason=f"no DuckDB 1.x in {DUCKDB1}; `make test` puts it there",
)
def test_release_is_read_by_duckdb_1(home: Any, make_build: Make) -> None:
    home.release(make_build())
    code = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True);"
        "print(duckdb.__version__, con.execute('select city_id, rank from marts.index_ranking"
        " where edition = 2023 order by rank').fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.current / "warehouse.duckdb")],
        env={**os.environ, "PYTHONPATH": str(DUCKDB1)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1.")
    assert "[('aa', 1), ('bb', 2), ('cc', 3)]" in done.stdout


def test_build_stays_intact(home: Any, make_build: Make) -> None:
    build = make_build()
    before = build.read_bytes()
    home.release(build)
    assert build.read_bytes() == before
    assert names(build.parent) == ["warehouse.duckdb"]
    with duckdb.connect(str(build)) as con:  # and can be written to again
        con.execute("create table raw.more (i integer)")


def test_equal_content_makes_no_release(home: Any, make_build: Make) -> None:
    first = home.release(make_build())
    again = home.release(
        make_build(
            sql="""
            update raw.document
            set origin = 'mirror', status = 'held', retrieved_on = date '2025-05-05';
            update raw.quote_check set read_in = 'document', n_found = 3, n_unchecked = 0;
            update audit.check_result set description = 'said otherwise';
            create or replace table raw.observation as from raw.observation order by value desc;
            update raw.observation set value = 0.3 - 0.2 where observation_id = 'o1';
            """
        )
    )
    assert again.status == "unchanged"
    assert again.release_id == first.release_id
    assert again.path == first.path
    assert again.digest == first.digest
    assert home.ids() == [first.release_id]


@pytest.mark.parametrize(
    "sql",
    [
        "update raw.observation set value = 2.00000001 where observation_id = 'o2'",
        "update raw.observation set value = 0 where observation_id = 'o3'",
        "delete from raw.observation where observation_id = 'o2'",
        "create table marts.new (i integer)",
        "alter table raw.observation add column note varchar",
        "comment on column raw.observation.value is 'In yuan'",
        "comment on table raw.observation is 'Facts'",
    ],
)
def test_other_content_makes_a_release(home: Any, make_build: Make, sql: str) -> None:
    home.release(make_build())
    assert home.release(make_build(sql=sql)).status == "published"
    assert len(home.ids()) == 2


def test_back_to_the_content_before_is_a_new_release(home: Any, make_build: Make) -> None:
    one, two = make_build(), make_build({"bb": 1})
    home.release(one)
    home.release(two)
    assert home.release(one).status == "published"
    assert len(home.ids()) == 3


@pytest.mark.parametrize(
    ("refusals", "sql", "reason"),
    [
        (["marts/city unique: has not run on this build"], "", "has not run"),
        (
            [],
            "update audit.check_result set passed = false where blocking",
            "marts/index_ranking ranks: failed",
        ),
        ([], "delete from audit.check_result", "no recorded checks"),
        ([], "drop table audit.check_result", "no recorded checks"),
    ],
)
def test_refused(home: Any, make_build: Make, refusals: list[str], sql: str, reason: str) -> None:
    first = home.release(make_build())
    refused = home.release(make_build({"bb": 1}, sql), refusals=refusals)
    assert refused.status == "refused"
    assert reason in refused.reasons[0]
    assert refused.release_id is None
    assert home.ids() == [first.release_id]
    assert ranks(home.current / "warehouse.duckdb")[0] == ("aa", 1)


def test_refused_writes_nothing_at_all(home: Any, make_build: Make) -> None:
    home.release(make_build(), refusals=["no"])
    assert not home.folder.exists()


def test_views_do_not_travel(home: Any, make_build: Make) -> None:
    with pytest.raises(publish.PublishError, match=r"views \(marts\.v\)"):
        home.release(make_build(sql="create view marts.v as from raw.observation"))
    assert home.ids() == []


# ---------------------------------------------------------------- readers


def test_reader_keeps_what_it_opened(home: Any, make_build: Make) -> None:
    home.release(make_build())
    with duckdb.connect(str(home.current / "warehouse.duckdb"), read_only=True) as reader:
        home.release(make_build({"bb": 1, "aa": 2}))
        query = "select city_id from marts.index_ranking where edition = 2023 and rank = 1"
        assert reader.execute(query).fetchall() == [("aa",)]
    assert ranks(home.current / "warehouse.duckdb")[0] == ("bb", 1)


def test_a_stray_wal_beside_the_old_release(home: Any, make_build: Make) -> None:
    home.release(make_build())
    (home.current / "warehouse.duckdb.wal").write_bytes(b"left by a client that crashed")
    home.release(make_build({"bb": 1}))
    assert ranks(home.current / "warehouse.duckdb")[0] == ("bb", 1)


# ---------------------------------------------------------------- two at once


def test_two_processes_at_once(home: Any, make_build: Make) -> None:
    home.release(make_build())
    builds = [make_build({"bb": 1, "aa": 2}), make_build({"cc": 1, "aa": 2})]
    running = [
        subprocess.Popen(script(home, build), stdout=subprocess.PIPE, text=True) for build in builds
    ]
    said = [process.communicate(timeout=120)[0].split() for process in running]
    assert [status for status, _ in said] == ["published", "published"]
    assert len(home.ids()) == 3
    # one after the other: each says what came before it
    manifests = [
        json.loads((home.releases / name / "manifest.json").read_text()) for name in home.ids()
    ]
    previous = {manifest["release_id"]: manifest["previous"] for manifest in manifests}
    current = str(home.current.readlink()).split("/")[1]
    assert previous[previous[current]] is not None
    assert {current, previous[current]} == {release_id for _, release_id in said}


def test_two_processes_at_once_with_the_same_content(home: Any, make_build: Make) -> None:
    builds = [make_build(), make_build()]
    running = [
        subprocess.Popen(script(home, build), stdout=subprocess.PIPE, text=True) for build in builds
    ]
    said = [process.communicate(timeout=120)[0].split() for process in running]
    assert sorted(status for status, _ in said) == ["published", "unchanged"]
    assert len(home.ids()) == 1


def test_a_lock_held_too_long(home: Any, make_build: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    home.releases.mkdir(parents=True)
    monkeypatch.setattr(publish.write, "LOCK_SECONDS", 0.1)
    with (
        publish.write.FileLock(home.releases / ".publish.lock"),
        pytest.raises(publish.PublishError, match="another run has been publishing"),
    ):
        home.release(make_build())
    assert home.ids() == []


# ---------------------------------------------------------------- crashes and full disks

# Dies at the n-th of the calls by which a release reaches the disk.
DIE = """
import os, pathlib
left = [{n}]
def dying(call):
    def wrapped(*args, **kwargs):
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
        return call(*args, **kwargs)
    return wrapped
os.fsync = dying(os.fsync)
for name in ("chmod", "rename", "replace", "symlink_to", "write_text"):
    setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name)))
"""
CALLS = 11


@pytest.mark.parametrize("n", range(CALLS + 1))
def test_crash_between_any_two_steps(home: Any, make_build: Make, n: int) -> None:
    first = home.release(make_build())
    build = make_build({"bb": 1, "aa": 2})
    done = subprocess.run(
        script(home, build, DIE.format(n=n)), capture_output=True, text=True, check=False
    )
    now = str(home.current.readlink())
    if n == CALLS:  # one step more than there are: nothing died
        assert done.stdout.startswith("published")
    else:
        assert done.returncode == 9, done.stderr
    if n < CALLS - 1:  # before the swap; after it only the folder is synced
        assert now == f"releases/{first.release_id}"
        assert ranks(home.current / "warehouse.duckdb")[0] == ("aa", 1)
    else:
        assert now != f"releases/{first.release_id}"
        assert ranks(home.current / "warehouse.duckdb")[0] == ("bb", 1)
    # the next one clears up and works
    home.release(make_build({"cc": 1}))
    assert ranks(home.current / "warehouse.duckdb") == [("cc", 1)]
    assert [name for name in home.ids() if name.startswith(".")] == []
    assert names(home.folder) == ["current", "releases"]


def test_disk_full_in_the_middle(home: Any, make_build: Make) -> None:
    """A limit on the size of files stands in for a disk without space."""
    first = home.release(make_build())
    big = make_build(
        {"bb": 1}, "create table raw.big as select i, md5(i::varchar) as t from range(200000) r(i)"
    )
    limit = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))"
    )
    done = subprocess.run(script(home, big, limit), capture_output=True, text=True, check=False)
    assert "PublishError" in done.stderr
    assert "the release before stays current" in done.stderr
    assert home.ids() == [first.release_id]
    assert ranks(home.current / "warehouse.duckdb")[0] == ("aa", 1)
    assert home.release(big).status == "published"


@pytest.mark.parametrize("call", ["write_text", "rename", "symlink_to", "replace"])
def test_error_of_the_system(
    home: Any, make_build: Make, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    first = home.release(make_build())

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, call, full)
        with pytest.raises(publish.PublishError, match="No space left on device"):
            home.release(make_build({"bb": 1}))
    assert str(home.current.readlink()) == f"releases/{first.release_id}"
    assert home.release(make_build({"bb": 1})).status == "published"


def test_a_folder_in_the_place_of_the_link(home: Any, make_build: Make) -> None:
    home.current.mkdir(parents=True)
    with pytest.raises(publish.PublishError):
        home.release(make_build())


@pytest.mark.parametrize("name", ["manifest.json", "warehouse.duckdb"])
@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_current_release_is_no_reason_not_to_publish(
    home: Any, make_build: Make, name: str, damage: bytes | None
) -> None:
    home.release(make_build())
    (home.current / name).unlink()
    if damage is not None:
        (home.current / name).write_bytes(damage)
    assert home.release(make_build({"bb": 1})).status == "published"
    assert ranks(home.current / "warehouse.duckdb")[0] == ("bb", 1)


def test_no_build(home: Any, tmp_path: Path) -> None:
    with pytest.raises(publish.PublishError, match="could not be published"):
        home.release(tmp_path / "nowhere.duckdb")
