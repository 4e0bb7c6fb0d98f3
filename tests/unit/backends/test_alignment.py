"""Words of the target and the words of the source that they were made of."""

from service.backends.alignment import align_words, word_count


def test_pieces_of_a_word_share_its_partner() -> None:
    attention = [[0.9, 0.1, 0.0, 0.0], [0.1, 0.4, 0.5, 0.0], [0.0, 0.5, 0.4, 0.1]]
    assert align_words(attention, ["▁Die", "▁Brü", "cke", ""], ["▁the", "▁brid", "ge"]) == ((0, 0), (1, 1))


def test_attention_that_is_spread_out_says_nothing() -> None:
    assert align_words([[0.2] * 5], ["▁a", "▁b", "▁c", "▁d", "▁e"], ["▁x"]) == ()


def test_a_source_word_nobody_took_goes_to_the_word_that_looked_at_it_most() -> None:
    attention = [[0.6, 0.4], [0.9, 0.1]]
    assert align_words(attention, ["▁zu", "▁gehen"], ["▁to", "▁go"]) == ((0, 0), (0, 1), (1, 0))


def test_a_lone_mark_opens_the_word_of_the_next_piece() -> None:
    assert word_count(["▁", "s", "an", "▁b", ""]) == 2
    assert word_count([]) == 0
