"""Any object as features, and as what a verdict is about; for the property tests."""

from typing import Any

from hypothesis import strategies as st

from afterclose.records import Subject

numbers = st.one_of(st.floats(), st.integers(), st.decimals(), st.booleans(), st.none())
values = st.one_of(numbers, st.text(), st.binary(), st.lists(numbers), st.complex_numbers())

subject_fields = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(Subject.__struct_fields__, values)
)
abouts = st.one_of(values, subject_fields, subject_fields.map(lambda fields: Subject(**fields)))


def features_of(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Entries near what a model of ``names`` knows, and any object at all."""
    near = st.fixed_dictionaries({name: st.one_of(st.floats(-5, 5), st.none()) for name in names})
    keys = st.one_of(st.sampled_from(names), st.text(), st.integers(), st.none())
    return st.one_of(near, st.dictionaries(keys, values), values, st.dictionaries(keys, numbers))
