"""Makes a drawing part of a page: its colours become the page's, its parts obey the page's CSP.

matplotlib writes fixed colours into `style` attributes. A page that is light or dark by the
reader's wish, and allows no style but its own, can use neither: so each colour stands for a
role while it is drawn, and becomes a CSS class here. Two drawings, one per theme, would
double the page; a filter that inverts one of them would turn losses green.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET

ROLES: Final = ("ink", "muted", "grid", "rules", "ml", "active", "good", "bad", "tint")
"""What a colour is for; `style.css` has the classes `f-ROLE` (fill) and `s-ROLE` (stroke)."""

_KEPT: Final = {"stroke-width", "stroke-dasharray", "fill-opacity", "stroke-opacity", "opacity",
    "text-anchor", "font-size", "stroke-linecap", "stroke-linejoin"}  # fmt: skip
_XLINK: Final = "{http://www.w3.org/1999/xlink}href"
_NO_TURN: Final = re.compile(r"rotate\(-?0[ )]")
_LONG_DECIMALS: Final = re.compile(r"-?\d+\.\d{2,}")


def colour(role: str) -> str:
    """The colour to draw with for a role: a number in disguise, never seen by anybody."""
    return f"#0000{ROLES.index(role) + 1:02x}"


_ROLE_OF: Final = {colour(role): role for role in ROLES}


def for_page(drawing: str, *, title: str, words: str, name: str) -> str:
    """A drawing by matplotlib as an `<svg>` element for a page.

    ``title`` and ``words`` are what a screen reader says instead of it; ``name`` is unique
    within the page. The drawing must not contain text from outside.
    """
    root = ET.fromstring(drawing)  # noqa: S314 - parses what matplotlib has just written
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    used = set(re.findall(r"#(\w+)", drawing))
    for element in root.iter():
        _adapt(element, used)
    head = [_element("title", f"{name}-title", title), _element("desc", f"{name}-words", words)]
    root[:0] = head
    root.attrib.update({"role": "img", "aria-labelledby": f"{name}-title {name}-words"})
    return ET.tostring(root, encoding="unicode")


def _adapt(element: ET.Element, used_ids: set[str]) -> None:
    element.tag = element.tag.rpartition("}")[2]
    attributes = element.attrib
    for unwanted in ("width", "height", "version") if element.tag == "svg" else ():
        attributes.pop(unwanted, None)
    if attributes.get("id") not in used_ids:
        attributes.pop("id", None)
    if _XLINK in attributes:
        attributes["href"] = attributes.pop(_XLINK)
    if _NO_TURN.match(attributes.get("transform", "")):
        del attributes["transform"]
    _unstyle(attributes)
    for geometry in ("d", "x", "y", "width", "height", "transform"):
        if geometry in attributes:
            attributes[geometry] = _LONG_DECIMALS.sub(_tenth, attributes[geometry])


def _unstyle(attributes: dict[str, str]) -> None:
    """Turn a style into classes and attributes, which a strict CSP allows."""
    classes = []
    for declaration in attributes.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name in ("fill", "stroke") and value in _ROLE_OF:
            classes.append(f"{name[0]}-{_ROLE_OF[value]}")
        elif name == "fill":
            attributes["fill"] = value
        elif name in _KEPT:
            attributes[name] = value.removesuffix("px")
    if classes:
        attributes["class"] = " ".join(classes)


def _tenth(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}"


def _element(tag: str, name: str, text: str) -> ET.Element:
    element = ET.Element(tag, id=name)
    element.text = text
    return element
