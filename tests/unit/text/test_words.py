"""Which words a text has."""

import re

from hypothesis import given
from hypothesis import strategies as st

from service.text.words import words_in


@given(st.text(st.one_of(st.characters(), st.sampled_from(" .,-_5½²İßſａ\u0307\u00a0"))))
def test_the_words_are_the_runs_of_letters_of_the_text_in_lower_case(text: str) -> None:
    assert words_in(text) == set(re.findall(r"[^\W\d_]+", text.lower()))
