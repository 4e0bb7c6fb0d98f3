from service.pipeline.focus import about
from tests.unit.pipeline.news import NEWS


def test_a_summarizer_is_given_what_is_about_the_focus_in_order() -> None:
    assert [s.span for s in about(NEWS, "Kuchen Kosten")] == [
        NEWS[2].span,
        NEWS[3].span,
    ]  # `kostet`, `Kuchen`
    assert about(NEWS, "Fußball") == list(NEWS)
