from hypothesis import given
from hypothesis import strategies as st

from bot.thinning import even_spans


@given(st.integers(1, 500), st.integers(1, 60))
def test_runs_follow_each_other_cover_everything_and_are_about_equal(count: int, most: int) -> None:
    spans = even_spans(count, most)
    assert len(spans) == min(count, most)
    assert [at for first, end in spans for at in range(first, end)] == list(range(count))
    lengths = [end - first for first, end in spans]
    assert max(lengths) - min(lengths) <= 1
