"""Sets a page: a template, filled, with its style and script inside and a policy that binds it.

Jinja rather than formatted strings: it escapes whatever a ledger or a person wrote unless a
template says otherwise, and an unknown name is an error instead of a blank. The policy
(CSP) allows the one style and the one script that are in the page, by their digests, and
nothing else: what slipped through the escaping would still not run.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from afterclose.disk.seal import seal_page

TEMPLATES: Final = Path(__file__).parent / "templates"

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" '
    'rx="4" fill="#2563d9"/><path d="M3 10l3-3 2 2 5-5" stroke="#fff" stroke-width="2" '
    'fill="none"/></svg>'
)


SCRIPTS: Final = ("page.js", "chart.js", "trades.js")
"""Of every page, one after the other in one element."""


def page(template: str, **values: Any) -> bytes:
    """The page of ``template``, UTF-8. Only `Markup` values are set as they are."""
    style, script = _text("style.css"), "\n".join(map(_text, SCRIPTS))
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    blank = _environment().get_template(template)
    filled = blank.render(
        csp=policy,
        icon=f"data:image/svg+xml,{quote(ICON)}",
        style=Markup(style),  # noqa: S704 - this package's own file
        script=Markup(script),  # noqa: S704 - this package's own file
        **values,
    )
    return seal_page(filled.encode())


def drawing(svg: str) -> Markup:
    """A chart of this package, to be set as it is: it holds no text from outside."""
    return Markup(svg)  # noqa: S704 - made by `svg.Drawing` alone


@cache
def _environment() -> Environment:
    """Compiles a template once a process: both pages share two."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["drawing"] = drawing
    return made


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
