"""Exports that were cut, spoiled or glued together: trades, or a sentence that says what is wrong.

The seeds are one file of each reader, so that a change goes past the first check of a format.
"""

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fuzz.targets import imports, seeds

SEEDS = seeds("imports")
CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["cut", "drop", "double", "byte", "digit"]),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=6,
)


def changed(data: bytes, changes: list[tuple[float, str, int]]) -> bytes:
    for where, what, byte in changes:
        at = int(where * len(data))
        rest = data[at + 1 + byte % 40 :]
        data = {
            "cut": data[:at],
            "drop": data[:at] + rest,
            "double": data[:at] + data[max(0, at - 60) : at] + data[at:],
            "byte": data[:at] + bytes([byte]) + data[at + 1 :],
            "digit": data[:at] + str(byte).encode() + data[at + 1 :],
        }[what]
    return data


@given(st.sampled_from(SEEDS), CHANGES)
@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoiled_export_gives_trades_or_says_what_is_wrong(seed, changes):
    imports(changed(seed, changes))
