"""``make import-coinr IDATA=... IMETA=... TO=folder``: an index of COINr as a catalog."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from ingest.cards import Kind
from ingest.coinr.catalog import Choices, write_catalog
from ingest.coinr.files import CoinrError, identifier, read_coin


def _year(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{3}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no year: write four digits, as 2024")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make import-coinr", description=__doc__)
    parser.add_argument("--idata", type=Path, required=True, help="iData as CSV")
    parser.add_argument("--imeta", type=Path, required=True, help="iMeta as CSV")
    parser.add_argument("--to", type=Path, required=True, help="folder of the new catalog")
    parser.add_argument("--name", default="", help="its framework; the folder's name without it")
    parser.add_argument("--title", default="", help="title; that of the root without it")
    kinds = [kind for kind in get_args(Kind) if kind not in ("metro", "cluster")]
    parser.add_argument("--kind", default="country", choices=kinds, help="what the units are")
    parser.add_argument("--country", default="", help="ISO 3166-1 code of all units")
    parser.add_argument("--year", type=_year, help="year of figures without a column Time")
    parser.add_argument("--group", default="", help="column of groups within which is imputed")
    parser.add_argument("--stages", default="example", choices=["example", "minimal"])
    options = parser.parse_args(arguments)
    name = identifier(options.name or options.to.resolve().name)
    choices = Choices(
        name=name or "coin",
        title=options.title,
        kind=options.kind,
        country_code=options.country.upper(),
        year=options.year,
        grouping=options.group,
        minimal=options.stages == "minimal",
    )
    try:
        coin = read_coin(options.idata, options.imeta)
        write_catalog(coin, options.idata, options.to, choices)
    except CoinrError as error:
        print(error, file=sys.stderr)
        print("Nothing was written.", file=sys.stderr)
        return 1
    counts = [
        f"{len(coin.units)} units",
        f"{len(coin.of_type('Indicator'))} indicators",
        f"{len(coin.of_type('Denominator'))} denominators",
        f"{len(coin.of_type('Group'))} groupings",
        f"{max(len(coin.years), 1)} editions",
    ]
    print(f"{options.to}: {', '.join(counts)}")
    print(f"Look at its stages in {options.to / 'frameworks' / f'{choices.name}.yml'}, then")
    print(f"  AICITY_CATALOG={options.to} make run")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
