"""Names in a text, and whether another text has them too, copied or written as its language does."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import cache, cached_property, lru_cache
from importlib import resources

# Looks back from its capital, so that the search leaps from one to the next.
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-Þ](?<![\w.@/#-].)[\w'’]*(?:-[\w'’]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_SENTENCE_START = re.compile(r"(?:^|[.!?:…]|[\"“„»'‘(\[])\s*[\"“„»'‘(\[–-]*\s*$")
_WORD = re.compile(r"[^\W\d_]+")

_ALIKE = 0.74
"""Similarity (difflib's ratio over folded letters) from which two words are one name: Selenskyj and
Zelenskyy, Schoigu and Shoigu, Pjöngjang and Pyongyang; Merkel and Baerbock are far below."""

_LATIN = (
    ("tsch", "ch"), ("sch", "sh"), ("dsch", "j"), ("ß", "ss"), ("ä", "a"), ("ö", "o"), ("ü", "u"),
    ("ph", "f"), ("kh", "ch"), ("zh", "sh"), ("y", "i"), ("j", "i"), ("w", "v"), ("k", "c"), ("z", "s"),
    ("th", "t"), ("ou", "u"), ("ck", "c"), ("cc", "c"), ("dt", "d"), ("qu", "cv"), ("x", "cs"),
)  # fmt: skip
"""What German and English spell differently and sound alike."""

_EXONYMS = dict(
    pair.split("=")
    for pair in """
    munich=münchen cologne=köln nuremberg=nürnberg vienna=wien rome=rom milan=mailand venice=venedig
    naples=neapel florence=florenz geneva=genf lucerne=luzern zurich=zürich basle=basel brussels=brüssel
    antwerp=antwerpen liège=lüttich liege=lüttich hague=haag warsaw=warschau krakow=krakau cracow=krakau
    gdansk=danzig wroclaw=breslau prague=prag moscow=moskau beijing=peking tokyo=tokio cairo=kairo
    athens=athen lisbon=lissabon seville=sevilla copenhagen=kopenhagen hanover=hannover
    brunswick=braunschweig bavaria=bayern saxony=sachsen prussia=preußen hesse=hessen thuringia=thüringen
    swabia=schwaben franconia=franken palatinate=pfalz westphalia=westfalen pomerania=pommern
    silesia=schlesien moravia=mähren bohemia=böhmen tyrol=tirol styria=steiermark carinthia=kärnten
    tuscany=toskana sicily=sizilien sardinia=sardinien burgundy=burgund brittany=bretagne normandy=normandie
    danube=donau rhine=rhein moselle=mosel vistula=weichsel thames=themse alps=alpen baltic=ostsee
    atlantic=atlantik pacific=pazifik constance=bodensee crimea=krim kyiv=kiew mecca=mekka damascus=damaskus
    nicosia=nikosia bucharest=bukarest belgrade=belgrad tehran=teheran baghdad=bagdad california=kalifornien
    caesar=cäsar henry=heinrich charles=karl frederick=friedrich francis=franziskus william=wilhelm
    john=johannes louis=ludwig james=jakob mary=maria catherine=katharina christ=christus pompey=pompeius
    livy=livius horace=horaz ovid=ovid virgil=vergil euclid=euklid
    """.split()
)

_PROPER = frozenset(
    """
    academy admiral afghan afghanistan africa african africans albania albanian algeria algerian america
    american angola april arab arabia arabian arabic arabs argentina argentine armenia armenian asia asian
    asians aug august australia australian australians austria austrian austrians avenue azerbaijan
    azerbaijani bahrain balkan balkans bangladesh basque bavarian bay belarus belarusian belgian belgium
    berliner bible bolivia bosnia bosniak bosnian brazil brazilian britain british buddhism buddhist
    bulgaria bulgarian bundesliga bundestag burma burmese byzantine californian cambodia cambodian cameroon
    canada canadian canadians cape caribbean catalan catalonia catholic catholics chad chancellor chile
    chilean china chinese christian christianity christians christmas colombia colombian commission
    commissioner commons communists congo congolese congress councilor county croat croatia croatian croats
    cuba cuban cypriot cyprus czar czech czechia dame danish dec december democrat democrats denmark duke
    dutch easter ecuador egypt egyptian emirates england english eritrea estonia estonian ethiopia ethiopian
    europe european europeans eve feb february federation filipino finland finnish flemish france french
    friday frisian georgia georgian german germans germany ghana google greece greek greens guatemala guinea
    gulf haiti haitian halloween hanukkah hebrew hellene hindu hinduism hitler-era holland holocaust
    honduras hungarian hungary i'd i'll i'm i've iceland icelandic india indian indians indonesia indonesian
    institute internet iran iranian iraq iraqi ireland irish islam islamic israel israeli israelis italian
    italians italy jamaica jan january japan japanese jew jewish jews jordan jordanian july june kazakhstan
    kenya kenyan kenyans kippur koran korea korean koreans kosovo kurdish kurds kuwait kyrgyzstan lanka
    lankan laos latin latvia latvian lebanese lebanon liberia libya libyan lithuania lithuanian londoner
    luxembourg macau macedonia macedonian magistrates malaysia malaysian mali malta maltese mandarin march
    marshal mediterranean mesopotamia mexican mexico ministry moldova moldovan monday mongolia mongolian
    montenegro moroccan morocco mozambique mrs muslim muslims myanmar namibia navy nazi nazis nepal nepalese
    netherlands nicaragua niger nigeria nigerian nobel nordic north-east north-south north-west norway
    norwegian nov november oct october olympic olympics oman orthodox ottoman pakistan pakistani palestine
    palestinian palestinians panama paraguay parisian parliament pentecost persian peru peruvian philippines
    phoenicians poland polish pope portugal portuguese premier prof protestant protestants prussian qatar
    quran ramadan reformation renaissance republic republican republicans roma romania romanian romans
    russia russian russians rwanda rwandan sanskrit saturday saudi saxon scandinavia scandinavian scotland
    scots scottish senate senegal sept september serb serbia serbian serbs shia shiite siberia siberian
    singapore sinti slavic slovak slovakia slovenia slovenian snr socialists somali somalia sorbian south-
    east south-west soviet spain spanish sri sudan sudanese sultan sunday sunni sweden swedish swiss
    switzerland symphony syria syrian taiwan taiwanese tajikistan tanzania texan thai thailand thanksgiving
    thuringian thursday tibet tibetan tories tory tsar tuesday tunisia tunisian turkey turkish turkmenistan
    turks uganda ugandan ukraine ukrainian ukrainians union united university uruguay uzbekistan vatican
    venetian venezuela venezuelan viennese vietnam vietnamese wales walloon wednesday welsh wi-fi yemen
    yiddish yom zambia zealand zimbabwe
    """.split()
)
"""Words that English always writes with a capital though they name no one: countries and what is theirs,
months, faiths. Their German counterparts look too different to be traced; they are not checked."""


@cache
def _common_words() -> frozenset[str]:
    """The words above, and English words that are written in lower case more often than not; in a headline
    or a title they take a capital. Counted on the English side of the starter's training pairs (8 times or
    more)."""
    words = resources.files("service.text").joinpath("english_words.txt").read_text(encoding="ascii")
    return _PROPER.union(words.split())


def read_names(text: str, language: str) -> list[str]:
    """Words with a capital inside a sentence that are no common word of English; for other languages
    than English nothing, because German gives every noun a capital."""
    if language != "en":
        return []
    names = []
    for match in _CAPITAL.finditer(text):
        name = match[0]
        if "'" in name or "’" in name:
            name = _POSSESSIVE.sub("", name)
        if len(name) < 3 or all(map(_is_common, name.split("-"))):
            continue
        if not _starts_sentence(text, match.start()):
            names.append(name)
    return names


def _starts_sentence(text: str, at: int) -> bool:
    if text[at - 1 : at] == " " and text[at - 2 : at - 1].isalnum():  # nearly every word does not
        return False
    return _SENTENCE_START.search(text[max(0, at - 12) : at]) is not None


_LONGEST_WORD = 40
"""Letters; no common word has so many, and a cache is to keep no long text."""


def _is_common(word: str) -> bool:
    return len(word) < 3 or (len(word) <= _LONGEST_WORD and _is_common_word(word))


@lru_cache(maxsize=4096)
def _is_common_word(word: str) -> bool:
    """The same few words have a capital again and again."""
    lower, common = word.lower(), _common_words()
    if lower in common or lower.removesuffix("s") in common:
        return True
    return len(word) <= 5 and word.removesuffix("s").isupper()  # an abbreviation: BIP is GDP, KI is AI


class NameTraces:
    """The words of a text, for asking whether a name is among them in whatever spelling."""

    def __init__(self, text: str) -> None:
        self._source = text
        self._text = text.casefold()

    @cached_property
    def _folded(self) -> set[str]:
        words = " ".join(word for word in _WORD.findall(self._source) if len(word) > 2)
        return set(_folded(words).split())  # all at once: folding is twenty times as slow as finding

    def holds(self, name: str) -> bool:
        """Every part of a hyphenated name is here: copied, inflected, transliterated or translated."""
        return all(
            part.casefold() in self._text or _is_common(part) or self._holds(part) for part in name.split("-")
        )

    def _holds(self, name: str) -> bool:
        plain = name.casefold()
        if plain in self._text or plain.removesuffix("s") in self._text:
            return True
        exonym = _EXONYMS.get(plain)
        if exonym is not None and exonym[:5] in self._text:
            return True
        folded = _folded(name)
        return any(_alike(folded, word) for word in self._folded)


def _folded(word: str) -> str:
    folded = word.casefold()
    for written, sound in _LATIN:
        folded = folded.replace(written, sound)
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFD", folded)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _alike(one: str, other: str) -> bool:
    """The same name, or the beginning of a longer word (`Schengen-Raum`, `Trumps`)."""
    if one[:1] != other[:1]:
        return False
    if len(one) >= 4 and (other.startswith(one) or (one.startswith(other) and len(other) >= 4)):
        return True
    if min(len(one), len(other)) * 2 < max(len(one), len(other)):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
