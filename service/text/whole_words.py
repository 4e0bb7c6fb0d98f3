"""German words that no abbreviation looks like, and what begins a sentence in lower case behind them.

Where German is written carelessly, sentences begin in lower case (`War nicht da. ich komme wieder.`). A full
stop inside a sentence belongs to an abbreviation instead, and those break off before a vowel: `verschied.`,
`gesetzl.`. Counted over 200 full stops before a small letter in debates, news and encyclopedias: nearly all
that followed a whole word ended a sentence. 97 of 100 last words of sentences are known here as whole.
"""

from __future__ import annotations

import re

_LETTERS = re.compile(r"[A-ZÄÖÜ]?[a-zäöüß]{3,}")
_ENDING = re.compile(
    r"(?:[aeiouyäöü]"
    r"|[aeiouäöürln]n|[aeoöü]hn"
    r"|[aeiouäöü]ch|sch|[aeiouäöü]ß|[nlr]g|[aeiuä]g|[nlr]d|[eä]id|ied|ad"
    r"|[aeiouäöü]ck|[nr]k|ik|[lstr]em|[aiu]m|ll|[aei]l|[aou]hl|ie[lbrf]"
    r"|[blh]ar|[aeiuoäö]hr|[aiouöü]r|er|au[sf]|ff|pf|of|iv|[tnrl]z"
    r"|es|is|[tdnlrf]s|[ao]s|ös|uss"
    r"|[bdfghklmnprsßtzaeouäöü]t|eit|iet"
    r")$"
)
_TRUNCATED = frozenset(
    """
    akad altfrz amerikan archit ausg austral bayer belg best brasil bulg chines derz durchschn einz
    elektron entst europ evangel finn franz gegens gesamt griech herausgeg histor holländ indian
    insbes internat italien japan kanad kaufmänn kirchl kroat latein literar mathemat mechan medizin
    mexikan militär norweg orig pers plur poln popul portug prakt preuß regul rumän russ schles sing
    singul slowen sogen span subst techn theoret trans tschech türk urspr vers versch verst vors
    zugl österreich Abt Akad Anmerk Ausg Beil Bell Capt Const Dept Derz Gemark Hauptst Hist Inst
    Jahrg Kart Ling Mgmt Mitt Nachf Orig Pers Plur Präs Sept Sgt Sing Subst Trans Univ Vers Versch
    Verst Verz Vors Vorst
    """.split()
)
"""Abbreviations with such an ending, besides those that the splitter knows."""

_SHORT = frozenset(
    """
    tun kam gut los weg mal nie lag gab mag tut tat sah top alt neu hin her rum rot tot bin sei mir
    dir ihm ihn uns aus ab an zu vor auf dar mit fort dich mich sich Tag Weg Job Bar Bad Uhr Tür See
    Tee Hut Zug Rat Rad Mut Ort Arm Bus
    """.split()
)
"""Short words that often end a sentence, besides the function words."""

_GOES_ON = frozenset(
    """
    und oder aber als wie im in am an auf aus bei beim mit von vom zu zum zur für um nach über unter
    vor durch gegen ohne bis seit ist sind war waren hat haben hatte wird werden wurde wurden kann
    können soll sollen muss will darf gibt bleibt sei wäre hätte nur noch auch weil wenn dass ein
    eine einen einem einer den dem des kein keine
    """.split()
)
"""These may go on with the sentence that the mark stands in: `Wer wird Millionär? im Ersten`."""

_INTERJECTIONS = frozenset("ok okay sicher super toll prima genial perfekt klar sorry hallo naja".split())


def is_whole_word(token: str, function_words: frozenset[str]) -> bool:
    """Whether the token is surely no abbreviation; `function_words` have a capital."""
    if _LETTERS.fullmatch(token) and _ENDING.search(token) and token not in _TRUNCATED:
        return True
    return token in _SHORT or (len(token) > 1 and token.islower() and token.capitalize() in function_words)


def opens_after_mark(word: str, function_words: frozenset[str]) -> bool:
    """Whether the word in lower case begins a sentence behind `!` or `?`: a pronoun, an adverb or an
    interjection, no verb of saying and nothing else that goes on with a title."""
    return word in _INTERJECTIONS or (word not in _GOES_ON and word.capitalize() in function_words)
