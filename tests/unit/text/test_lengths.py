"""A length is unusual for its pair of languages, not in itself."""

import pytest

from service.backends.protocol import Hypothesis
from service.pipeline.verification import Fault, faults

CHINESE = "市议会周一决定翻修这座横跨河流的老桥，工程将于五月开始，预计持续三个月，费用由该州承担。"
ENGLISH = (
    "The city council decided on Monday to renovate the old bridge over the river; work will begin in May, "
    "is expected to take three months, and the costs will be borne by the state."
)


def found(source: str, target: str, languages: tuple[str, str]) -> frozenset[Fault]:
    return faults(source, Hypothesis(target, -0.3, len(target.split()), True), *languages)


def test_chinese_is_a_quarter_as_long_as_its_english() -> None:
    assert found(CHINESE, ENGLISH, ("zh", "en")) == frozenset()
    assert found(ENGLISH, CHINESE, ("en", "zh")) == frozenset()
    assert found(CHINESE, ENGLISH[:60], ("zh", "en")) == {Fault.SHORT}


@pytest.mark.parametrize(("length", "wanted"), [(0.4, {Fault.SHORT}), (1.0, set()), (2.0, {Fault.LONG})])
def test_between_alphabets_a_half_or_a_double_is_unusual(length: float, wanted: set[Fault]) -> None:
    source = ENGLISH.replace("e", "é")
    target = (
        ENGLISH + " And so on, as it was said at the end of a long day by all who were there, and later."
    ) * 2
    assert found(source, target[: int(length * len(source))], ("xx", "en")) == wanted
