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
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Portez ce vieux whisky au juge. " * 9,
)


@pytest.fixture(scope="module")
def original() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)


@pytest.mark.parametrize("text", TEXTS)
def test_the_scores_are_those_of_the_library(text: str, original: LanguageIdentifier) -> None:
    mine = identifier()
    scores = dict(zip(mine.codes, mine.scores([text])[0], strict=True))
    ranked = dict(original.rank(text))
    assert {code: scores[code] for code in ranked} == pytest.approx(ranked, rel=1e-6)
    assert scores.keys() - ranked.keys() == set(UNKNOWN_KIN)
    assert all(scores[code] < -1e38 for code in UNKNOWN_KIN)


def test_texts_asked_about_together_have_the_scores_they_have_alone() -> None:
    texts = [*TEXTS, " ".join(TEXTS), TEXTS[0] * 40, TEXTS[3][:1]]
    together = identifier().scores(texts)
    for text, scores in zip(texts, together, strict=True):
        [alone] = identifier().scores([text])
        assert scores.tolist() == alone.tolist()


def test_no_texts_have_no_scores() -> None:
    assert len(identifier().scores([])) == 0
