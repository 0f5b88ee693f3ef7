"""Backfills: the documents of a source that has years, pulled a year at a time.

Each such source has a job with a partition a year. The jobs leave the documents in the archive;
the main job, which has no partitions, takes all years that are held.
"""

from typing import Any

import dagster as dg

from ingest.cards import Source
from ingest.parse import parse
from ingest.pull import pull
from orchestration.observatory import GROUPS, OWNERS, Observatory


def yearly(observatory: Observatory) -> dict[str, list[str]]:
    """Years of the documents of each source that has them."""
    cards = observatory.catalog.sources.values()
    found = {card.id: sorted({d.year for d in card.documents if d.year}) for card in cards}
    return {source: [str(year) for year in years] for source, years in found.items() if years}


def specs(observatory: Observatory) -> list[dg.AssetSpec]:
    """What the jobs make: no part of other jobs, which would ask for a year."""
    return [
        dg.AssetSpec(
            _key(source),
            partitions_def=dg.StaticPartitionsDefinition(years),
            group_name=GROUPS["documents"],
            owners=OWNERS,
            kinds={"python"},
            description=f"Documents of {observatory.catalog.sources[source].title}, a year each. "
            f"Made by the job backfill_{source}; documents/{source} has all years together.",
        )
        for source, years in yearly(observatory).items()
    ]


def jobs(observatory: Observatory) -> list[dg.JobDefinition]:
    cards = observatory.catalog.sources
    return [
        _job(observatory, cards[source], years) for source, years in yearly(observatory).items()
    ]


def _key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["backfill", source])


def _job(observatory: Observatory, card: Source, years: list[str]) -> dg.JobDefinition:
    catalog, settings = observatory.catalog, observatory.settings

    @dg.op(name=f"pull_year_of_{card.id}", pool=f"pull_{card.id}")
    def pull_year(context: dg.OpExecutionContext) -> None:
        year = int(context.partition_key)
        if settings.origin == "bundled":
            raise dg.Failure(
                "Origin bundled has nothing to pull: set AICITY_ORIGIN to live or mirror.",
                allow_retries=False,
            )
        result = pull(catalog, card.id, settings, years={year})
        names = {taken.document for taken in result.taken}
        lost = [taken for taken in result.taken if taken.outcome in ("failed", "absent")]
        problems = [f"{taken.document}: {taken.detail}" for taken in lost]
        errors = parse(catalog, card.id, settings).errors
        problems += [error for error in errors if error.partition(":")[0] in names]
        if problems:
            raise dg.Failure("; ".join(problems), allow_retries=False)
        held = [document for document in result.documents if document.document in names]
        metadata: dict[str, Any] = {
            "documents": len(held),
            "bytes": sum(document.size_bytes or 0 for document in held),
        }
        event = dg.AssetMaterialization(
            _key(card.id), metadata=metadata, partition=context.partition_key
        )
        context.log_event(event)

    @dg.job(
        name=f"backfill_{card.id}",
        partitions_def=dg.StaticPartitionsDefinition(years),
        description=f"Pulls and reads the documents of {card.title} of the chosen years, whatever "
        "the revision window. Run the main job afterwards.",
    )
    def backfill() -> None:
        pull_year()

    return backfill
