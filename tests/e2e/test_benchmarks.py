"""Every benchmark runs to its end; its figures are for `make bench` on a quiet machine."""

import re

import pytest

from bench.__main__ import NAMES, main


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_to_its_end(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([name, "--smallest"])
    assert re.search(r"at (least|most) \d|\d x", capsys.readouterr().out)


def test_a_wrong_name_is_refused_with_the_right_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["bench_nothing"])
    assert "no benchmark bench_nothing; there are bench_build, " in capsys.readouterr().err
