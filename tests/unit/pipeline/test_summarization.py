import pytest

from service.pipeline.summarization import SummaryLength


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ((None, None, None), SummaryLength(3, 90)),
        ((None, None, "short"), SummaryLength(2, 50)),
        ((5, None, None), SummaryLength(5, None)),
        ((None, 40, None), SummaryLength(None, 40)),
        ((2, 40, "long"), SummaryLength(2, 40)),
    ],
)
def test_the_most_specific_wish_for_a_length_wins(
    wish: tuple[None, None, None], expected: SummaryLength
) -> None:
    assert SummaryLength.of(*wish) == expected
