"""The demo's calendar of nights."""

import pandas as pd

from lib.demo.nightly import last_sessions_of_quarters


def test_a_cycle_runs_after_each_quarters_last_session_and_after_the_last_of_all():
    days = ["2003-12-30", "2003-12-31", "2004-01-02", "2004-03-30", "2004-03-31", "2004-04-01"]
    bars = pd.DataFrame({"date": pd.to_datetime([*days, *days])})
    assert last_sessions_of_quarters(bars) == ["2003-12-31", "2004-03-31", "2004-04-01"]
