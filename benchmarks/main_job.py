"""How much the main job costs beyond dbt itself: `.venv/bin/python benchmarks/main_job.py`.

The baseline is the dbt project built from the shell on the same data, on the same machine,
in the same minute; the figure that counts is the ratio, not the seconds. Peak memory is that
of the largest single process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def timed(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, env={**os.environ, **env}, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        job = [sys.executable, "-m", "orchestration.run"]
        env = {"AICITY_HOME": str(home)}
        cold = timed(job, env, PROJECT)
        warm, baseline = [], []
        for _ in range(runs):
            warm.append(timed(job, env, PROJECT))
            build = Path(folder) / "warehouse.duckdb"
            shutil.copyfile(home / "dev" / "warehouse.duckdb", build)
            dbt = [sys.executable, "-m", "dbt.cli.main", "build"]
            dbt += ["--exclude-resource-type", "unit_test", "--target-path", f"{folder}/target"]
            dbt += ["--log-path", f"{folder}/logs"]
            baseline.append(timed(dbt, {"AICITY_BUILD": str(build)}, PROJECT / "dbt_project"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "baseline": "dbt build of the same project from the shell",
                "runs": runs,
                "baseline_s": round(statistics.median(baseline), 1),
                "main_job_warm_s": round(statistics.median(warm), 1),
                "main_job_first_s": round(cold, 1),
                "ratio_warm": round(statistics.median(warm) / statistics.median(baseline), 2),
                "peak_mib": round(peak),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
