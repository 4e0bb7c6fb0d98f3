import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from service.text.germanic import UNKNOWN_KIN
from service.text.identifier import identifier

TEXTS = (
    "Der Bundestag hat am Freitag beschlossen, die Steuern für kleine Betriebe zu senken.",
    "THE GOVERNMENT ANNOUNCED NEW MEASURES ON FRIDAY",
    "Србија и Хрватска / Srbija i Hrvatska",
    "今天天气很好，我们一起去公园散步吧",
    "e\u0301te\u0301 \ud800",
    "",
    "x",
)


@pytest.fixture(scope="module")
def original() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)


@pytest.mark.parametrize("text", TEXTS)
def test_the_scores_are_those_of_the_library(text: str, original: LanguageIdentifier) -> None:
    mine = identifier()
    scores = dict(zip(mine.codes, mine.scores(text), strict=True))
    ranked = dict(original.rank(text))
    assert {code: scores[code] for code in ranked} == pytest.approx(ranked, rel=1e-6)
    assert scores.keys() - ranked.keys() == set(UNKNOWN_KIN)
    assert all(scores[code] < -1e38 for code in UNKNOWN_KIN)
