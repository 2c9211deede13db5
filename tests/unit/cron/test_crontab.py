"""What a crontab says, and that everything wrong in it is named by line."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterclose.cron.crontab import Entry, describe, parse_crontab
from afterclose.errors import InputError

NOW = datetime(2026, 1, 27, 21, 30, tzinfo=UTC)


def entry(text: str, now: datetime = NOW) -> Entry:
    (only,) = parse_crontab(text, "crontab", now)
    return only


def runs(text: str, now: datetime, count: int) -> list[str]:
    """The next runs of a one-line crontab, in UTC."""
    found = []
    for _ in range(count):
        now = entry(text, now).next_run(now).astimezone(UTC)
        found.append(f"{now:%m-%d %H:%M}")
    return found


def test_comments_and_blank_lines_run_nothing_and_a_line_keeps_its_number() -> None:
    found = entry("# nightly\n\n   # work\n*/15 * * * *  python -m jobs.cycle -q  # all\n")
    assert (found.number, found.schedule) == (4, "*/15 * * * *")
    assert found.command == "python -m jobs.cycle -q  # all"
    assert found.name == "cycle"


def test_variables_reach_the_lines_below_them_only() -> None:
    first, second, third = parse_crontab(
        "0 1 * * * true\nML_ENV = live\nA='x y'\n0 2 * * * true\nML_ENV=\"paper\"\n0 3 * * * true",
        "crontab",
        NOW,
    )
    assert first.environment == ()
    assert second.environment == ("ML_ENV=live", "A=x y")
    assert third.environment == ("ML_ENV=paper", "A=x y")


def test_cron_tz_sets_the_zone_of_the_lines_below_and_is_no_variable() -> None:
    first, second = parse_crontab(
        "0 9 * * * true\nCRON_TZ=Asia/Kolkata\n0 9 * * * true", "crontab", NOW
    )
    assert str(first.next_run(NOW)) == "2026-01-28 09:00:00+00:00"
    assert str(second.next_run(NOW)) == "2026-01-28 09:00:00+05:30"
    assert second.environment == ()


def test_nicknames_are_read_and_tabs_separate_fields() -> None:
    assert entry("@daily\ttrue").schedule == "0 0 * * *"
    assert entry("5\t4 * * *\ttrue").schedule == "5 4 * * *"


def test_a_command_without_a_job_is_named_by_its_first_word() -> None:
    assert entry("@daily /usr/bin/env true").name == "env"


def test_the_hour_that_spring_skips_runs_when_the_gap_ends() -> None:
    # New York 2026-03-08: 02:00 EST (07:00 UTC) becomes 03:00 EDT
    before = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert runs("CRON_TZ=America/New_York\n30 2 * * * true", before, 2) == [
        "03-08 07:00",
        "03-09 06:30",
    ]


def test_the_hour_that_autumn_repeats_runs_once_even_after_a_restart_inside_it() -> None:
    # New York 2026-11-01: 01:30 comes at 05:30 UTC and again at 06:30 UTC
    text = "CRON_TZ=America/New_York\n30 1 * * * true"
    assert runs(text, datetime(2026, 11, 1, 4, tzinfo=UTC), 2) == ["11-01 05:30", "11-02 06:30"]
    assert runs(text, datetime(2026, 11, 1, 6, 10, tzinfo=UTC), 1) == ["11-02 06:30"]


def test_every_quarter_of_an_hour_stays_so_through_both_changes_of_the_clock() -> None:
    text = "CRON_TZ=America/New_York\n*/15 * * * * true"
    assert runs(text, datetime(2026, 3, 8, 6, 40, tzinfo=UTC), 3) == [
        "03-08 06:45",
        "03-08 07:00",
        "03-08 07:15",
    ]
    assert runs(text, datetime(2026, 11, 1, 5, 40, tzinfo=UTC), 3) == [
        "11-01 05:45",
        "11-01 06:00",
        "11-01 06:15",
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("61 * * * * true", "Bad minute in '61 \\* \\* \\* \\*'"),
        ("* 24 * * * true", "Bad hour"),
        ("0 0 32 * * true", "Bad day-of-month"),
        ("0 0 * 13 * true", "Bad month"),
        ("0 0 * * FOO true", "Bad day-of-week"),
        ("*/0 * * * * true", "Bad minute"),
        ("0 0 30 2 * true", "Bad day-of-month"),
        ("0 0 31 FEB-MAR/2 * true", "Bad day-of-month"),
        ("0 0 31 2 MON#9 true", "Bad day-of-week"),
        ("* * * * *", "five fields"),
        ("python -m jobs.cycle", "five fields"),
        ("@daily", "a command are needed"),
        ("@reboot true", "unknown name @reboot; there are @yearly"),
        ("CRON_TZ=Mars/Olympus", "unknown time zone 'Mars/Olympus'"),
        ("CRON_TZ=../../etc/passwd", "unknown time zone"),
        ("CRON_TZ=", "unknown time zone ''"),
    ],
)
def test_a_mistake_is_refused_naming_the_line_and_showing_it(line: str, complaint: str) -> None:
    with pytest.raises(InputError, match=f"crontab, line 3: .*{complaint}") as refused:
        parse_crontab(f"# a\n@daily true\n{line}\n@daily true\n", "crontab", NOW)
    assert str(refused.value).endswith(f"\n    {line}")


def test_a_crontab_that_runs_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="crontab: no line runs anything"):
        parse_crontab("# nothing\nA=1\n", "crontab", NOW)


def test_the_description_gives_each_lines_next_run_in_its_own_zone() -> None:
    text = "@hourly true\nCRON_TZ=America/New_York\n15 9 * * 1-5 python -m jobs.lock\n"
    shown = describe(parse_crontab(text, "crontab", NOW), NOW).splitlines()
    assert [" ".join(line.split()) for line in shown] == [
        "line 1 0 * * * * Tue 2026-01-27 22:00 UTC true",
        "line 3 15 9 * * 1-5 Wed 2026-01-28 09:15 EST python -m jobs.lock",
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("*/,-#L0159MONSAT@=C_TZ \t\n'\""), max_size=40))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        entries = parse_crontab(text, "crontab", NOW)
    except InputError:
        return
    assert all(found.next_run(NOW) > NOW for found in entries)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("30m", 1800.0), ("2h", 7200.0)])
def test_a_time_limit_holds_for_the_lines_below_it(text: str, seconds: float) -> None:
    lines = f"@daily true\nCRON_TIME_LIMIT={text}\n@daily false\n"
    first, second = parse_crontab(lines, "crontab", NOW)
    assert (first.limit_s, second.limit_s) == (6 * 3600.0, seconds)
    assert second.environment == ()


@pytest.mark.parametrize("text", ["", "2", "0h", "2d", "-1h", "1.5h"])
def test_a_time_limit_that_is_none_is_refused_naming_its_line(text: str) -> None:
    with pytest.raises(InputError, match=r"line 1: CRON_TIME_LIMIT=.* write one such as 90s"):
        parse_crontab(f"CRON_TIME_LIMIT={text}\n@daily true\n", "crontab", NOW)
