"""Tables of an HTML statement, as MetaTrader and brokers write them.

With `html.parser` of the standard library and not with lxml or pandas: nothing is to be
installed, lines are known, and a cell stays the text that it was. A cell that spans several
columns is followed by blank ones, so that cells stand below their headings.
"""

from html.parser import HTMLParser

from afterclose.importing.grids import Grid, Line

MOST_COLUMNS = 200
"""A page may say colspan=1000000."""


def html_grid(text: str) -> Grid:
    """All rows of all tables of a page, in their order."""
    reader = _Rows()
    reader.feed(text)
    reader.close()
    reader.end_row()
    return Grid("", reader.lines)


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._cells: list[str] = []
        self._text: list[str] | None = None
        self._span = 1
        self._number = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.end_row()
            self._number = self.getpos()[0]
        elif tag in ("td", "th"):
            self._end_cell()
            if not self._cells:
                self._number = self.getpos()[0]
            self._text = []
            span = dict(attrs).get("colspan") or ""
            self._span = min(int(span), MOST_COLUMNS) if span.isdecimal() else 1
            if dict(attrs).get("class") == "hidden":  # MetaTrader 5 hides one wide cell a row
                self._text, self._span = None, 0

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self.end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is not None:
            text = " ".join("".join(self._text).split())
            self._cells += [text] + [""] * (self._span - 1)
        self._text = None

    def end_row(self) -> None:
        """Keep what has come of a row that is not blank."""
        self._end_cell()
        if any(self._cells):
            self.lines.append(Line(self._number, tuple(self._cells[:MOST_COLUMNS])))
        self._cells = []
