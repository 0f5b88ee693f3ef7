"""Configuration by environment variables, read in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ORIGINS = ("bundled", "mirror", "live")


class SettingsError(ValueError):
    """An environment variable that can't be used; the message names it and the remedy."""


@dataclass(frozen=True)
class Settings:
    """Where the observatory reads and writes.

    ``catalog`` and ``mirror`` are searched in order; in ``catalog`` a later folder adds to
    or overrides an earlier one by id. ``address_map`` pairs an address prefix with the one
    that stands in for it.
    """

    home: Path
    catalog: tuple[Path, ...]
    origin: str = "bundled"
    mirror: tuple[Path, ...] = ()
    address_map: tuple[tuple[str, str], ...] = ()
    contact: str = ""
    """Whom the operators of other hosts can write to: an e-mail address or a page."""

    @property
    def archive_dir(self) -> Path:
        return self.home / "archive"

    @property
    def facts_dir(self) -> Path:
        return self.home / "facts"

    @property
    def build_dir(self) -> Path:
        return self.home / "build"

    @property
    def releases_dir(self) -> Path:
        return self.home / "releases"

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def dev_dir(self) -> Path:
        return self.home / "dev"

    @property
    def preview_dir(self) -> Path:
        return self.home / "preview"

    @property
    def dagster_dir(self) -> Path:
        return self.home / "dagster"

    @property
    def inbox_dir(self) -> Path:
        return self.home / "inbox"

    @property
    def proposals_dir(self) -> Path:
        return self.home / "proposals"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read ``AICITY_*``.

        Raises:
            SettingsError: an unknown origin, a catalog folder that does not exist, origin
                ``mirror`` without a folder, an address map that can't be read, or a contact
                that is none.
        """
        env = os.environ if env is None else env
        catalog = _folders(env.get("AICITY_CATALOG") or str(PROJECT / "catalog"))
        for folder in catalog:
            if not folder.is_dir():
                raise SettingsError(
                    f"AICITY_CATALOG: no folder {folder}. "
                    f"Name existing folders, separated by '{os.pathsep}'."
                )
        origin = env.get("AICITY_ORIGIN") or "bundled"
        if origin not in ORIGINS:
            raise SettingsError(f"AICITY_ORIGIN: '{origin}' is not one of {', '.join(ORIGINS)}.")
        mirror = _folders(env.get("AICITY_MIRROR") or "")
        for folder in mirror:
            if not folder.is_dir():
                raise SettingsError(f"AICITY_MIRROR: no folder {folder}.")
        if origin == "mirror" and not mirror:
            raise SettingsError("AICITY_ORIGIN=mirror needs AICITY_MIRROR, a folder of files.")
        return cls(
            home=Path(env.get("AICITY_HOME") or PROJECT / "data").expanduser().resolve(),
            catalog=catalog,
            origin=origin,
            mirror=mirror,
            address_map=_address_map(env.get("AICITY_ADDRESS_MAP") or ""),
            contact=_contact(env.get("AICITY_CONTACT") or ""),
        )


def key_from_env(name: str) -> str:
    """A publisher's key, empty if there is none. It is never kept, so that nothing prints it."""
    return os.environ.get(name, "").strip()


def _contact(value: str) -> str:
    value = value.strip()
    if value and not re.fullmatch(r"(https?://|mailto:)?[!-'*-~]+", value):
        raise SettingsError(
            f"AICITY_CONTACT: '{value}' is neither an e-mail address nor the address of a page."
        )
    return value


def _folders(value: str) -> tuple[Path, ...]:
    return tuple(Path(part).expanduser().resolve() for part in value.split(os.pathsep) if part)


def _address_map(value: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in filter(None, (part.strip() for part in value.split(","))):
        source, separator, target = item.partition("=")
        if not separator or "://" not in source or "://" not in target:
            raise SettingsError(
                f"AICITY_ADDRESS_MAP: '{item}' is not PREFIX=PREFIX, "
                "e.g. https://example.org/=http://127.0.0.1:8000/"
            )
        pairs.append((source, target))
    # The longest prefix wins, whatever the order in which they were written.
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))
