"""Any input and any fact, made by hypothesis from the types of the fields."""

from dataclasses import fields
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from queues.centre.facts.fact import Fact
from queues.centre.inputs.input import Input
from queues.centre.values.json_values import Snapshot

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)

st.register_type_strategy(Snapshot, st.dictionaries(TEXT, JSON, max_size=2))
st.register_type_strategy(float, FLOATS)
st.register_type_strategy(str, TEXT)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Give values of one input's or fact's type, every field drawn from its type."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: st.from_type(hints[f.name]) for f in fields(kind)})


INPUTS = st.one_of([any_of(kind) for kind in get_args(Input)])
FACTS = st.one_of([any_of(kind) for kind in get_args(Fact)])
