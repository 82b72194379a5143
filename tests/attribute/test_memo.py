from hypothesis import given
from hypothesis import strategies as st

from monitor.attribute.memo import Memo


def test_an_equal_key_returns_the_same_object() -> None:
    memo: Memo[tuple[str, ...], list[str]] = Memo(list, 10)
    assert memo(("a", "b")) is memo(("a", "b"))


def test_what_is_asked_again_survives_a_generation() -> None:
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        return key

    memo = Memo(make, 2)
    for key in (1, 2, 1, 3, 1, 4, 5, 1):
        memo(key)
    assert made == [1, 2, 3, 4, 5]


@given(st.lists(st.integers(0, 50)), st.integers(1, 5))
def test_it_is_bounded_and_right(keys: list[int], size: int) -> None:
    memo = Memo(str, size)
    assert [memo(key) for key in keys] == [str(key) for key in keys]
    assert len(memo._young) <= size  # the bound is the point of the class
    assert len(memo._old) <= size
