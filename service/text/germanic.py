"""German and its closest kin, told apart by their small words.

The identifier knows neither Swiss German nor Low Saxon and takes them for whatever looks nearest; function
words are few, frequent and spelt differently enough that counting them decides. They were chosen by their
frequency in Swiss German, Low Saxon, Luxembourgish, Frisian, Dutch, Afrikaans and German text; the two
constants were fitted on the same text, with its measurements on text kept apart, in docs/language.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORDS = {
    code: frozenset(words.split())
    for code, words in {
        "de": "der die das den dem des und ist nicht auf ein eine einen einem einer für von zu mit sich "
        "dass auch wird werden wurde sind war hat haben im am zum zur aus bei nach über sein seine "
        "ihre wir habe hatte durch diese als um er es man noch vom wo doch dann so aber was nur an "
        "sie",
        "gsw": "und isch esch vo uf ufem dä de d s z gsi gsii au nöd nöt ned nid hend händ hät hed het gha "
        "ha han hani bi bim scho mer me meh mee worde wordä eus üs dr di diä vom em am im mit wo si "
        "sii mir eifach jetz nüt öppis öpper ihri mini sini üsi cha chan chunnt chöne chönd chömed "
        "cho dur no nume chli zum sind das es i id ide ig go git gange gmacht gseh guet ziit wider "
        "mache mitem eme dere fascht ohni zäme anderi wänn dänn wil mues",
        "nds": "un dat nich nit niet ick ik is to tau up op sick sik he hei se wi dei de den dor daor dar "
        "dao weer was hett hef hadd harr wull woll ok ook auk för veur vör mien mi sien över äwer "
        "aver man noch wedder ut uut en em wat as an n t hebben hebbt van von doe nu jo nah nao ehr "
        "eer säd seggt os sünd bün ümmer nee keen tied blot nix unner dunn",
        "lb": "an op de den d der ass fir net vun vum mat mam déi dat datt et gëtt ginn gouf goufen eng en "
        "e huet hunn hat ech mir si sech méi kënnt och wéi awer keng vill ouni ze zu um all dës "
        "dëser sinn säi säin hir mä wou",
        "nl": "de het een van en in op te dat is zijn met voor niet die aan door er om ook uit bij wordt "
        "werd worden naar maar deze heeft hij zich als nog meer over was",
        "fy": "fan it yn de en is foar te net op dy mei by oan wurdt gjin kin oare in om hat jo ek hja syn "
        "wie ien",
        "af": "die van en het te is n om in wat op nie dit vir met aan sal deur hulle jou ons as se sy "
        "moet kan word",
    }.items()
}

_LANGUAGES = {
    word: [code for code, words in _WORDS.items() if word in words]
    for word in frozenset().union(*_WORDS.values())
}

GERMAN_KIN = {"gsw": "de", "nds": "de", "lb": "de"}
"""Whose readers read German too: what to take them for where no model knows them."""

UNKNOWN_KIN = ("gsw", "nds")
"""Those that the identifier does not know."""

GERMANIC = tuple(code for code in _WORDS if code not in UNKNOWN_KIN)
"""Those whose scores are weighed against each other."""

_WORD_WEIGHT = 1.6
"""Nats for each different function word more than another of these languages has."""

_RARITY = 3.0
"""Nats against the two that the identifier does not know, one text in twenty: two function words more
than German has tip the balance."""

_WORD = re.compile(r"[^\W\d_]+")


def weigh_kin(scores: Mapping[str, float], text: str) -> dict[str, float]:
    """The same log-probabilities, not normalised, with Swiss German and Low Saxon among them. They are
    weighed against each other only: the best of the kin is as likely as before against any other language."""
    weighed = dict(scores)
    known = [code for code in _WORDS if code in scores]
    if "de" not in known:
        return weighed
    weighed["gsw"] = max(scores[code] for code in known if code in {"de", "lb"}) - _RARITY
    weighed["nds"] = max(scores[code] for code in known) - _RARITY
    votes = dict.fromkeys(_WORDS, 0)
    for word in _LANGUAGES.keys() & _WORD.findall(text.casefold()):
        for code in _LANGUAGES[word]:
            votes[code] += 1
    most = max(votes.values())
    for code in _WORDS:
        if code in weighed:
            weighed[code] -= _WORD_WEIGHT * (most - votes[code])
    kin = [code for code in _WORDS if code in weighed]
    lost = max(scores[code] for code in known) - max(weighed[code] for code in kin)
    return weighed | {code: weighed[code] + lost for code in kin}
