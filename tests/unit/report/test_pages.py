"""A page escapes what it is given, and its policy lets nothing run that is not its own."""

import base64
import hashlib
import re
from pathlib import Path
from typing import get_args

import pytest
from jinja2 import UndefinedError

from afterclose.gating.stored import evaluation_of
from afterclose.report.candidate_view import candidate_view
from afterclose.report.pages import TEMPLATES, page
from afterclose.report.svg import Role
from afterclose.wording.promote_line import PromoteLine
from report_builders import ACTIVE_ID, evaluation, feature, metadata, publish_scope

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{ 7 * 7 }}\u202e\x1b[31m$x$"
)
PARTS = ("walk_forward", "held_out", "versus_active")
CHARTS = dict.fromkeys(
    (*(f"equity_{part}" for part in PARTS), "scores", "calibration", "sweep"), ""
)


def hostile_page() -> str:
    made = evaluation(with_active=True, notes=[HOSTILE])
    for record in made["track_record"].values():
        for trade in (*record["worst"], *record["best"]):
            trade |= {"symbol": HOSTILE, "side": HOSTILE, "trade_id": HOSTILE}
    made["gates"]["gates"] = [made["gates"]["gates"][0] | {"name": HOSTILE, "sentence": HOSTILE}]
    made["walk_forward"]["windows"][0]["untrained"] = HOSTILE
    meta = metadata(git_commit=HOSTILE, features=[feature(HOSTILE)])
    meta["metrics"] |= {"coefficients": {HOSTILE: 0.5}, "dropped_features": {HOSTILE: HOSTILE}}
    view = candidate_view(
        evaluation_of(made),
        meta,
        metadata(ACTIVE_ID),
        scope="us/paper",
        promote=PromoteLine("make promote", '"><script>'),
    )
    return page("candidate.html.j2", view=view, charts=CHARTS).decode()


def test_hostile_text_is_shown_and_never_markup() -> None:
    text = hostile_page()
    assert text.count("<script>") == 1  # the page's own
    assert "<img" not in text
    assert "onerror=alert(2)&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert text.count("&lt;script&gt;alert(1)") > 15  # each of the places above


def test_the_policy_allows_the_pages_own_style_and_script_by_their_digests() -> None:
    text = hostile_page()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src &#39;none&#39;; ")
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy
    assert "unsafe" not in policy


def test_a_page_asks_nothing_of_anybody() -> None:
    text = hostile_page()
    assert not re.search(r"(?:src|href)=\"(?!data:|#|\.\./\.\./index\.html)", text)
    assert "@import" not in text
    assert "url(" not in text


def test_a_name_that_no_view_has_is_an_error_and_no_blank() -> None:
    with pytest.raises(UndefinedError):
        page("scope.html.j2", view=object(), charts={})


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[i : i + 2]) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes() -> dict[str, dict[str, str]]:
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
                   for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2])  # fmt: skip
    return {"light": light, "dark": light | dark}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_a_contrast_of_4_5_and_graphics_of_3(theme: str) -> None:
    colours = themes()[theme]
    for text in ("ink", "soft", "muted", "link", "good", "bad"):
        for ground in ("card", "page", "tint", "unsure-soft", "bad-soft", "good-soft"):
            if (text, ground) in {("good", "bad-soft"), ("bad", "good-soft")}:
                continue  # never together
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for graphic in ("rules", "ml", "active", "good", "bad", "unsure"):
        assert contrast(colours[graphic], colours["card"]) >= 3, graphic


def test_every_role_has_its_classes_in_the_style() -> None:
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    assert [
        role for role in get_args(Role) if f".f-{role} " not in css or f".s-{role} " not in css
    ] == []


def test_no_figure_on_a_page_is_below_0_by_a_hyphen(tmp_path: Path) -> None:
    """A hyphen beside a real minus sign looks like another figure, and ends a line alone."""
    root = publish_scope(tmp_path)
    pages = [*root.rglob("report.html"), *root.glob("*.html")]
    assert len(pages) == 5
    for path in pages:
        shown = re.sub(r"(?s)<(script|style|code)\b.*?</\1>|<[^>]*>", " ", path.read_text())
        assert "\N{MINUS SIGN}" in shown
        assert re.findall(r"(?<![\w.-])-\d.{20}", shown) == []
