"""A page read back: its tables, its numbers and what it loads."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br"}
DRAWN = {"circle", "path", "rect"}  # elements of SVG, which close themselves


class Page(HTMLParser):
    """A page as its tables (rows of cells), its numbers and what it loads; strict about tags."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tables: dict[str, list[list[tuple[str, list[float]]]]] = {}
        self.numbers: list[tuple[float, str]] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self._table, self._value = "", None
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute twice: {tag} {attrs}"
        self.tags.add(tag)
        assert not [name for name in given if name.startswith("on")], attrs
        self.links += [given[name] for name in ("href", "src") if name in given]
        if "id" in given:
            assert given["id"] not in self.ids
            self.ids.append(given["id"])
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "table":
            self._table = given["id"]
            self.tables[self._table] = []
        elif tag == "tr" and self._table:
            self.tables[self._table].append([])
        elif tag == "td":
            self.tables[self._table][-1].append(("", []))
        elif tag == "data":
            self._value = float(given["value"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in DRAWN, f"<{tag}/> is not HTML"
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> does not close what is open"
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "data":
            assert self._value is not None
            self.numbers.append((self._value, data))
        if self._table and "td" in self.open:
            text, values = self.tables[self._table][-1][-1]
            if self.open[-1] == "data" and self._value is not None:
                values = [*values, self._value]
            self.tables[self._table][-1][-1] = (text + data, values)

    def body(self, table: str) -> list[list[tuple[str, list[float]]]]:
        return [row for row in self.tables[table] if row]
