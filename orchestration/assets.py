"""Assets before and after dbt: catalog, documents, facts, raw, inbox and release."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from typing import Any, get_args

import dagster as dg
import duckdb

import audit
import publish
from ingest.catalog import catalog_digest
from ingest.facts import raw_tables
from ingest.inbox import receive
from ingest.load import load_raw
from ingest.parse import ParseResult, parse
from ingest.proposals import cards as proposal_cards
from ingest.pull import Outcome, PullResult, pull
from orchestration import build, previews
from orchestration.observatory import GROUPS, OWNERS, POOL, Observatory

CATALOG = dg.AssetKey("catalog")
RELEASE = dg.AssetKey("release")
INBOX = dg.AssetKey(["inbox", "document"])
PULLS = 8  # documents come from many hosts, mostly waiting
PULLED_SHOWN = 50
DIGEST_TAG = "observatory/catalog_digest"

inbox_partitions = dg.DynamicPartitionsDefinition(name="inbox_document")


def source_keys(observatory: Observatory, layer: str, *kinds: str) -> list[dg.AssetKey]:
    """Keys of the cards' assets in a layer, of all kinds or of the named ones."""
    return [
        dg.AssetKey([layer, card.id])
        for card in observatory.catalog.sources.values()
        if not kinds or card.kind in kinds
    ]


def catalog_asset(observatory: Observatory) -> dg.AssetsDefinition:
    catalog, settings = observatory.catalog, observatory.settings

    @dg.asset(
        key=CATALOG,
        group_name=GROUPS["catalog"],
        owners=OWNERS,
        kinds={"yaml"},
        description="What the observatory knows: cities, indicators, frameworks and source cards.",
        # Kept with a run by the process that launched it, whose definitions may be old.
        op_tags={DIGEST_TAG: catalog.digest[:32]},
        check_specs=[
            dg.AssetCheckSpec(
                "cards_are_valid",
                asset=CATALOG,
                description="Nothing in the catalog is faulty. What is faulty was left out; "
                "each fault has its file, line and remedy.",
            ),
            dg.AssetCheckSpec(
                "definitions_are_current",
                asset=CATALOG,
                description="The definitions that Dagster loaded are those of the catalog on "
                "disk. If not, reload the code location (Deployment, Reload).",
            ),
        ],
    )
    def catalog_asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield dg.MaterializeResult(
            metadata={
                "digest": catalog.digest,
                "sources": len(catalog.sources),
                "cities": len(catalog.cities),
                "indicators": len(catalog.indicators),
                "frameworks": ", ".join(catalog.frameworks),
                "faults": len(catalog.errors),
            }
        )
        faults = [vars(error) for error in catalog.errors]
        yield dg.AssetCheckResult(
            check_name="cards_are_valid",
            passed=not faults,
            metadata={"faults": previews.table_metadata(faults)} if faults else {},
        )
        on_disk = catalog_digest(settings.catalog)
        loaded = {catalog.digest[:32], _launched_with(context)}
        yield dg.AssetCheckResult(
            check_name="definitions_are_current",
            passed=loaded == {on_disk[:32]},
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"on_disk": on_disk[:32], "loaded": ", ".join(sorted(loaded))},
        )

    return catalog_asset


def _launched_with(context: dg.AssetExecutionContext) -> str:
    """Digest of the catalog in the definitions from which this run was launched."""
    snapshot = context.instance.get_job_snapshot(context.run.job_snapshot_id or "")
    ops = snapshot.node_defs_snapshot.op_def_snaps
    return next(str(op.tags[DIGEST_TAG]) for op in ops if DIGEST_TAG in op.tags)


def _source_specs(
    observatory: Observatory, layer: str, what: str, upstream: Sequence[dg.AssetKey]
) -> list[dg.AssetSpec]:
    """One asset a card, each on its own asset of the layer before."""
    return [
        dg.AssetSpec(
            [layer, card.id],
            deps=[dep],
            group_name=GROUPS[layer],
            owners=OWNERS,
            kinds={"python"},
            tags={"kind": card.kind, "cadence": card.cadence},
            description=f"{'Private, not in releases. ' if card.private else ''}{what} "
            f"{card.title} ({card.publisher}). {card.note}".strip(),
            metadata={"licence": card.licence, "citation": card.citation},
        )
        for card, dep in zip(observatory.catalog.sources.values(), upstream, strict=True)
    ]


def documents(observatory: Observatory) -> dg.AssetsDefinition:
    catalog, settings = observatory.catalog, observatory.settings
    keys = source_keys(observatory, "documents")

    @dg.multi_asset(
        name="documents",
        can_subset=True,
        specs=_source_specs(observatory, "documents", "Documents of", [CATALOG] * len(keys)),
        check_specs=[
            dg.AssetCheckSpec(
                "documents_are_pulled",
                asset=key,
                description="Every document came from the chosen origin. Where it did not, the "
                "last good document or the bundled facts stand in.",
            )
            for key in keys
        ],
    )
    def documents(context: dg.AssetExecutionContext) -> Iterator[Any]:
        selected = sorted(context.selected_asset_keys)
        with ThreadPoolExecutor(PULLS) as pool:
            tell = context.log.info
            results = pool.map(
                lambda key: pull(catalog, key.path[-1], settings, tell=tell), selected
            )
            for key, result in zip(selected, results, strict=True):
                yield _pulled(key, result)

    return documents


def _pulled(key: dg.AssetKey, result: PullResult) -> dg.MaterializeResult[Any]:
    problems = [{"document": f.document, "reason": f.reason} for f in result.failures]
    if result.fallback_reason:
        stand_in = "bundled facts used" if result.origin == "bundled" else "nothing stands in"
        problems.append({"document": f"({stand_in})", "reason": result.fallback_reason})
    rows = [{**vars(taken), "seconds": round(taken.seconds, 2)} for taken in result.taken]
    rows.sort(key=lambda row: row["outcome"] in ("not_modified", "kept"))
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            "origin": result.origin,
            "documents": len(result.documents),
            **{outcome: result.count(outcome) for outcome in get_args(Outcome)},
            "new_versions": sum(taken.is_new for taken in result.taken),
            "bytes": sum(taken.size_bytes for taken in result.taken),
            "seconds": round(sum(taken.seconds for taken in result.taken), 1),
            **({"pulled": previews.table_metadata(rows[:PULLED_SHOWN])} if rows else {}),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=key,
                check_name="documents_are_pulled",
                passed=not problems,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"problems": previews.table_metadata(problems)} if problems else {},
            )
        ],
    )


def facts(observatory: Observatory) -> dg.AssetsDefinition:
    catalog, settings = observatory.catalog, observatory.settings
    keys = source_keys(observatory, "facts")
    upstream = source_keys(observatory, "documents")

    @dg.multi_asset(
        name="facts",
        can_subset=True,
        specs=_source_specs(observatory, "facts", "Facts read from the documents of", upstream),
        check_specs=[
            dg.AssetCheckSpec(
                "documents_are_parsed",
                asset=key,
                description="Every document could be read. Where its newest version could not, the "
                "facts of the last readable one stay in force.",
            )
            for key in keys
        ]
        + [
            dg.AssetCheckSpec(
                "facts_are_of_their_cards",
                asset=key,
                description="Bundled facts were written by what the card says now. If not, "
                "make bundle writes them anew.",
            )
            for key in keys
        ],
    )
    def facts(context: dg.AssetExecutionContext) -> Iterator[Any]:
        for key in sorted(context.selected_asset_keys):
            yield _parsed(key, parse(catalog, key.path[-1], settings))

    return facts


def _parsed(key: dg.AssetKey, result: ParseResult) -> dg.MaterializeResult[Any]:
    problems = [{"problem": error} for error in result.errors]
    stale = [{"problem": document} for document in result.stale]
    past = "\n".join(result.superseded)
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            **result.counts,
            "dagster/row_count": sum(result.counts.values()),
            "quarantined": result.quarantined,
            "documents_parsed": result.parsed,
            "documents_parsed_before": result.reused,
            **({"unreadable_in_the_past": past} if past else {}),
            "quotes_found": result.quotes_found,
            "quotes_not_checkable": result.quotes_unchecked,
            "quotes_missing": len(result.unquoted),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=key,
                check_name="documents_are_parsed",
                passed=not problems,
                metadata={"problems": previews.table_metadata(problems)} if problems else {},
            ),
            dg.AssetCheckResult(
                asset_key=key,
                check_name="facts_are_of_their_cards",
                passed=not stale,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"problems": previews.table_metadata(stale)} if stale else {},
            ),
        ],
    )


def raw(observatory: Observatory) -> dg.AssetsDefinition:
    """All tables of the schema raw: one step, which always makes all of them in a new build.

    A build leads to a release, so private cards end here: they are pulled and read, not loaded.
    """
    catalog, settings = observatory.catalog, observatory.settings
    upstream = {"catalog": [CATALOG], "fact": source_keys(observatory, "facts") or [CATALOG]}

    @dg.multi_asset(
        name="raw",
        pool=POOL,
        specs=[
            dg.AssetSpec(
                ["raw", table],
                deps=upstream[spec["family"]],
                group_name=GROUPS["raw"],
                owners=OWNERS,
                kinds={"python", "duckdb"},
                description=spec["description"],
                metadata={"dagster/column_schema": _column_schema(spec)},
            )
            for table, spec in raw_tables().items()
        ],
    )
    def raw(context: dg.AssetExecutionContext) -> Iterator[Any]:
        build.prune(settings, context.instance)
        file = build.new_build(settings, context.run_id)
        with duckdb.connect(str(file)) as con:
            rows = load_raw(con, catalog.public, settings)
        for key in sorted(context.selected_asset_keys):
            count = rows[key.path[-1]]
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": count})

    return raw


def _column_schema(spec: Mapping[str, Any]) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(name, column["type"], column["description"])
            for name, column in spec["columns"].items()
        ]
    )


def release(
    observatory: Observatory,
    warehouse: Sequence[dg.AssetSpec],
    required: Iterable[tuple[str, str]],
) -> dg.AssetsDefinition:
    """The release; `required` are the checks without which nothing is published."""
    settings, catalog = observatory.settings, observatory.catalog
    children: dict[dg.AssetKey, set[dg.AssetKey]] = {}
    for spec in warehouse:
        for dep in spec.deps:
            children.setdefault(dep.asset_key, set()).add(spec.key)

    @dg.asset(
        key=RELEASE,
        # The marts, whose rules come first, and what leads to no mart; the rest is behind them.
        deps=[s.key for s in warehouse if s.key.path[0] == "marts" or s.key not in children],
        group_name=GROUPS["release"],
        owners=OWNERS,
        kinds={"duckdb"},
        pool=POOL,
        description="The checked build as readers see it: immutable, read-only, behind the link "
        "`current`. Refused when a blocking check is missing, failed or older than its table.",
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        file = build.open_build(context, settings)
        refusals = _left_behind(context.run.asset_selection, children)
        with duckdb.connect(str(file)) as con:
            refusals += audit.gate(con, required)
        result = publish.release(
            file,
            settings.releases_dir,
            settings.current,
            refusals=refusals,
            inputs={
                "catalog_digest": catalog.public.content_digest,
                "origin": settings.origin,
                "run_id": context.run_id,
            },
        )
        if result.status == "refused":
            reasons = previews.table_metadata([{"reason": reason} for reason in result.reasons])
            raise dg.Failure(
                description=f"Nothing was published: {'; '.join(result.reasons[:5])}"
                + (f"; and {len(result.reasons) - 5} more" if len(result.reasons) > 5 else ""),
                metadata={"reasons": reasons},
                allow_retries=False,
            )
        build.copy(file, settings.dev_dir / build.WAREHOUSE)
        return dg.MaterializeResult(
            metadata={
                "status": result.status,
                "release_id": result.release_id,
                "path": dg.MetadataValue.path(str(result.path)),
                "content_digest": result.digest,
                **_reports(result),
                **_difference(result),
            }
        )

    return release


def _left_behind(
    selected: Iterable[dg.AssetKey] | None, children: Mapping[dg.AssetKey, set[dg.AssetKey]]
) -> list[str]:
    """Tables that a run leaves older than what they are made of. Whole jobs leave none."""
    chosen = set(selected or ())
    return [
        f"{'/'.join(child.path)}: is not rebuilt although {'/'.join(key.path)} is"
        for key in sorted(chosen)
        for child in sorted(children.get(key, set()) - chosen)
    ]


def _reports(result: publish.ReleaseResult) -> dict[str, dg.MetadataValue]:
    """Where the audit report of each index is."""
    assert result.path
    files = sorted((result.path / publish.REPORTS).glob("*.html"))
    return {f"audit_report_{file.stem}": dg.MetadataValue.path(str(file)) for file in files}


def _difference(result: publish.ReleaseResult) -> dict[str, dg.MetadataValue]:
    """What changed since the release before, as tables and a plot."""
    found: dict[str, dg.MetadataValue] = {}
    tables = result.difference.get("tables", {})
    if tables:
        rows = [{"table": table, **change} for table, change in tables.items()]
        found["changed_tables"] = previews.table_metadata(rows)
        bars = [(row["table"], row["rows_new"]) for row in rows if row["rows_new"]]
        if bars:
            found["plot"] = previews.plot_metadata(bars[: previews.ROWS])
    for framework, change in result.difference.get("rankings", {}).items():
        if change["rank_changes"]:
            found[f"rank_changes_{framework}"] = previews.table_metadata(change["rank_changes"])
    reasons = result.difference.get("reasons", {})
    if reasons.get("not_compared"):
        rows = [
            {"reason": reason, "not compared": ", ".join(editions) or "all"}
            for reason, editions in reasons["not_compared"].items()
        ]
        found["not_compared"] = previews.table_metadata(rows)
    for edition in reasons.get("sentences", []):
        name = f"reasons_{edition['framework']}_{edition['edition']}"
        found[name] = previews.table_metadata(edition["largest"])
    return found


class DroppedFile(dg.Config):
    name: str
    """Name of the file in the inbox."""
    sha256: str
    """Digest of the content that is meant."""


def inbox_document() -> dg.AssetSpec:
    """Made by the inbox job only: as an asset of its own it would ask whoever materializes
    everything for a file name."""
    return dg.AssetSpec(
        INBOX,
        partitions_def=inbox_partitions,
        group_name=GROUPS["documents"],
        owners=OWNERS,
        kinds={"python"},
        description="Files that analysts dropped into the inbox, archived and described, with the "
        "rankings and claims that they seem to hold; one partition a document, named by its "
        "SHA-256. Nothing of it is a fact before its card is in the catalog.",
    )


def inbox_job(observatory: Observatory) -> dg.JobDefinition:
    settings = observatory.settings

    @dg.op
    def receive_document(context: dg.OpExecutionContext, config: DroppedFile) -> None:
        path = settings.inbox_dir / config.name
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        if digest != config.sha256:
            raise dg.Failure(
                f"{config.name} was changed after it was announced. "
                "The sensor asks again once its size is stable.",
                allow_retries=False,
            )
        found = receive(path, observatory.catalog, settings)
        metadata: dict[str, Any] = dict(found.description)
        if found.proposal:
            candidates = proposal_cards.summary(found.proposal)
            metadata["candidates"] = previews.table_metadata(candidates[: previews.ROWS])
            metadata["n_candidates"] = len(candidates)
        for card in found.cards:
            metadata[f"card {card.stem}"] = dg.MetadataValue.path(str(card))
        context.log_event(dg.AssetMaterialization(INBOX, metadata=metadata, partition=digest))

    @dg.job(
        name="inbox",
        description="Archives and describes a file dropped into the inbox, and "
        "proposes a card for it.",
    )
    def inbox() -> None:
        receive_document()

    return inbox
