from hypothesis import given
from hypothesis import strategies as st

from seatrial.runs.counting import Counts, counts_to_table

BATCHES = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from(["x", "y", "z"]), st.integers(0, 9)))
)


@given(BATCHES, st.randoms(use_true_random=False))
def test_sums_do_not_tell_the_order_of_batches(batches, random):
    shuffled = random.sample(batches, len(batches))
    sums = []
    for order in (batches, shuffled):
        counts = Counts()
        for batch in order:
            counts.add(counts_to_table(batch))
        sums.append([list(counts.of(alias).items()) for alias in ("a", "b")])
    assert sums[0] == sums[1]
    assert dict(sums[0][0]).get("x", 0) == sum(batch.get("a", {}).get("x", 0) for batch in batches)


def test_a_filter_that_counted_nothing_has_no_counts():
    counts = Counts()
    counts.add(counts_to_table({}))
    counts.add(counts_to_table({"a": {}}))
    assert counts.of("a") == {}
