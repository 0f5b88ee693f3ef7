"""The difference of a build from the current release as assets."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import duckdb

import publish
from orchestration import build, difference, previews
from orchestration.observatory import GROUPS, OWNERS, POOL, Observatory


def difference_assets(
    observatory: Observatory, models: Sequence[dg.AssetSpec]
) -> dg.AssetsDefinition:
    """The difference of a build from the current release; what it reads are `models`."""
    settings = observatory.settings
    read = {*publish.DIFFERENCE_READS}

    @dg.multi_asset(
        name=publish.DIFFERENCE,
        pool=POOL,
        specs=[
            dg.AssetSpec(
                [publish.DIFFERENCE, table],
                deps=[spec.key for spec in models if ".".join(spec.key.path) in read],
                group_name=GROUPS["release"],
                owners=OWNERS,
                kinds={"python", "duckdb"},
                description=spec["description"],
            )
            for table, spec in publish.DIFFERENCE_TABLES.items()
        ],
    )
    def differences(context: dg.AssetExecutionContext) -> Iterator[Any]:
        file = build.open_build(context, settings)
        release_id, reason = difference.write(file, settings.current)
        with duckdb.connect(str(file), read_only=True) as con:
            for table in publish.DIFFERENCE_TABLES:
                name = f"{publish.DIFFERENCE}.{table}"
                rows = con.execute(f"select count(*) from {name}").fetchall()[0][0]
                yield dg.MaterializeResult(
                    asset_key=dg.AssetKey(name.split(".")),
                    metadata={
                        "dagster/row_count": rows,
                        "dagster/column_schema": previews.column_schema(con, name),
                        "release_before": release_id or "none",
                        **({"not_compared": reason} if reason else {}),
                        **previews.preview(con, name),
                    },
                )

    return differences
