"""What a page says about itself to its readers: subscribe, read on, share, accept.

Each question is asked of one line without surrounding white space; the patterns are those of German news
pages. A sentence of the article must never look like one, so each pattern says what such a line is about
and how it addresses the reader; `test_furniture.py` has sentences that come close.
"""

from __future__ import annotations

import re

_LONGEST = 320

_OFFER = (
    r"abonnieren|anmelden|abmelden|bestellen|abbestellen|registrieren|eintragen|erhalten|weiterlesen|lesen"
)
_PAGE = (
    r"(?:Live-?[Tt]icker|Live-?[Bb]log|Ticker|Artikel|Anmeldung|Newsletter|Podcast|Video|"
    r"Übersicht|Startseite|"
    r"Bericht|Interview|Kommentar|Bilderstrecke|Bildergalerie|Galerie|App|Abo|Umfrage|Quiz)"
)
_DATA = r"(?:Datenschutz\w*|Nutzungsbedingungen|Cookie\S*)"

_SUBSCRIBE = (
    rf"(?:Hier|Jetzt)\s(?:\S+\s)?(?:{_OFFER})[!\s»›>→]*"
    rf"|(?:Hier|Jetzt)\b(?=.*\b(?:kostenlos|gratis|Sie)\b).{{0,80}}\b(?:{_OFFER})\W*"
    rf"|[^.!?]{{3,120}}[:–-]\s(?:Hier|Jetzt)\s(?:\S+\s)?(?:{_OFFER})\W*"
    rf"|Newsletter(?:\s\S+)?\s(?:{_OFFER})\W*"
    r"|(?=.*\b(?:Newsletter|Rundbrief)s?\b)"
    r"(?=.*\b(?:Sie|Ihre?n?|[Uu]nser(?:e|en|em)?|[Hh]ier|[Jj]etzt|[Kk]ostenlos(?:en)?)\b)"
    rf".*\b(?:{_OFFER}|abonniert|anzumelden)\b.*"
    r"|(?:Abonnieren|Bestellen|Empfangen) Sie\b.*\b(?:Newsletter|Rundbrief|Kanal|Podcast|Abo|Ausgabe)\b.*"
    r"|(?:Melden|Tragen) Sie sich\b.*\b(?:Newsletter|Rundbrief|kostenlos|hier)\b.*"
    r"|(?=.*\bNewsletters?\b)(?=.*\b(?:Postfach|zugesandt|zugeschickt|zusenden|jederzeit)\b).*"
    r"|(?:Die|Eine) Abmeldung ist (?:\S+\s)?jederzeit (?:\S+\s)?möglich\b.*"
    r"|Verpassen Sie (?:nichts|keine[nrs]?)\b.*"
    r"|Ich (?:bin (?:damit )?einverstanden|willige ein|stimme zu), dass (?:mir|meine|ich)\b.*"
    r"|Mit (?:der|Ihrer) (?:Anmeldung|Registrierung|Nutzung|Bestellung)\b.*\b(?:stimmen|akzeptieren) Sie\b.*"
)
_READ_ON = (
    r"(?:Lesen|Hören) Sie (?:auch|hier|mehr|dazu|weiter|alles|jetzt)\b.*"
    r"|(?:Sehen|Schauen) Sie (?:hier|dazu) (?!.*\?)\S.*"
    r"|(?:Mehr|Weitere|Alle)\s[^.:!?]{2,60}\b(?:finden|lesen|hören|sehen|erfahren) Sie\b.*"
    r"|Mehr dazu (?:lesen|finden|hören|sehen) Sie\b.*"
    rf"|Hier geht(?:'s|’s|\ses)\s(?:direkt\s)?(?:zum|zur|zu den)\s{_PAGE}\w*\b.{{0,60}}"
    r"|Hier (?:finden|lesen|hören|erfahren) Sie\b[^\"„»“]{0,100}"
    r"|Den (?:ganzen|vollständigen|kompletten) (?:Artikel|Text|Beitrag|Bericht)\b.*"
    r"|(?:Jetzt|Hier) weiterlesen\b.*"
    r"|Das könnte Sie auch interessieren\b.*|Weiterlesen\b.*"
    r"|(?:Mehr (?:zum Thema|dazu)|Weitere (?:Artikel|Themen|Meldungen|Nachrichten)|Auch interessant|"
    r"Themenseite)"
    r"(?:\s(?:zum|zur|zu|im|in|aus|von|auf)\b[^.!?:]{0,60})?\s?(?:[:›»>→|…].*)?"
    r"|Über dieses Thema bericht\w+\b.*"
    r"|(?:Den|Diesen|Unseren) (?:Podcast|Beitrag)\b.*\b(?:hören|finden|abonnieren) Sie\b.*"
    r"|(?:Dieses|Das) (?:Video|Audio) (?:ist|steht)\b.{0,60}\b(?:verfügbar|abrufbar)\W*"
)
_EDITORS = (
    r"(?:Anmerkung|Hinweis) der Redaktion\b.*|(?:Korrektur|Transparenz)hinweis\b.*"
    r"|In einer (?:früheren|vorherigen|ersten) (?:Version|Fassung) (?:dieses|"
    r"des) (?:Artikels|Textes|Beitrags)\b.*"
    r"|Diese[rs]? (?:Artikel|Beitrag|Text|Interview|Meldung) (?:wurde|ist|erschien)\b.{0,60}"
    r"(?:zuerst|zuletzt|ursprünglich|erstmals)\b.{0,60}"
    r"|(?:Haben Sie (?:einen Fehler|Anregungen|Fragen|Hinweise|"
    r"Kritik)\b.*)?\b(?:Schreiben|Mailen) Sie uns\b.*"
    r"|Haben Sie einen Fehler\b.*"
)
_CONSENT = (
    r"(?:Wir|Diese (?:[Ww]ebs(?:eite|ite)|Internetseite|Seite)) (?:verwenden|nutzen|verwendet|nutzt|setzen|"
    r"setzt) Cookies\b.*"
    r"|Bitte aktivieren Sie (?:JavaScript|Javascript|Cookies)\b.*"
    r"|An dieser Stelle (?:finden Sie|befindet sich|steht|wird)\b.*\b(?:Inhalt|Video|"
    r"Grafik|Beitrag|Karte)\b.*"
    r"|(?:Damit|Dabei|Dadurch) (?:können|werden) personenbezogene Daten an Dritt\w+\b.*"
    rf"|Mehr (?:dazu|Informationen|Infos)\b.{{0,60}}\b{_DATA}\W*"
    r"|(?:Dieser|Der)(?:\s(?:externe|eingebettete))? Inhalt (?:wird von|kann nicht|"
    r"konnte nicht|stammt von)\b.*"
    r"|(?=.*\bjederzeit\b)(?=.*\bIhre[nr]?\b).*\b(?:Zustimmung|Einwilligung|Einstellungen)\b.*"
    r"|Cookie-Einstellungen|Datenschutz(?:erklärung)?|Impressum|Inhalt (?:laden|anzeigen)"
)
_BUTTONS = (
    r"(?:Artikel|Seite|Beitrag)\s(?:drucken|teilen|merken|versenden|anhören)"
    r"|Teilen|Drucken|Merken|Anzeige|Werbung"
    r"|(?:Zur\s|Zurück zur\s)?(?:Startseite|Übersicht)(?:\s[>›»/]\s.*)?|"
    r"Kommentare?\s?(?:\(\d+\)|\d+)?|\d+\sKommentare?"
    r"|(?:\S+\s){0,8}Folgen Sie uns\b.*"
    r"|Diese (?:E-)?Mail wurde .*|(?:Zum )?Abbestellen\b.*|Alle Rechte vorbehalten.*"
    r"|(?:Facebook|Twitter|WhatsApp|E-Mail|X|Instagram|LinkedIn)"
)
_BOILERPLATE = re.compile("|".join((_SUBSCRIBE, _READ_ON, _EDITORS, _CONSENT, _BUTTONS)))

_CAPITAL = r"[A-ZÄÖÜ][\w'’.-]*+"
_TRADE = (
    r"(?:Journalist|Redakteur|Reporter|Korrespondent|Kolumnist|Volontär|Chefredakteur|Autor|Publizist|"
    r"Ressortleiter)(?:in)?"
)
# What may stand between the capitals of such a line: no verb of an event, so `… ist Redakteur beim Talboten
# und wurde verhaftet` is none.
_BETWEEN = (
    r"(?:ist|arbeitet|schreibt|berichtet|lebt|seit|als|für|beim|bei|der|die|den|des|dem|"
    r"das|im|in|aus|und|von|"
    r"vom|über|frei(?:er|e)?|leitende[rn]?|politische[rn]?|\d{4},?)\b"
)
_ABOUT_AUTHOR = re.compile(
    rf"{_CAPITAL}\s{_CAPITAL}(?:,\s(?:Jahrgang\s)?\d{{2,4}})?,?"
    rf"\s(?:schreibt|(?:ist|arbeitet|berichtet)(?=.*\b{_TRADE}\b))(?:\s(?:{_BETWEEN}|{_CAPITAL},?)){{1,20}}+"
    rf"|(?:Zur Person|Über (?:den Autor|die Autorin|die Autoren|den Verfasser|die Verfasserin))"
    r"(?:\s?[:|–-].*)?"
    rf"|Aus\s{_CAPITAL}(?:\s{_CAPITAL})?\sberichte(?:t|n)\s(?:unser\w*\s)?{_CAPITAL}(?:\s{_CAPITAL}){{1,3}}"
)
_BOX = re.compile(
    r"(?:(?:Der|Unser|Mehr)\s)?(?:Newsletter|Podcast)(?:\s?[:|–-][^.!?]{0,60}|\s[„\"»][^.!?]{0,40}[“\"«])?"
    r"|Externer Inhalt|Empfohlener redaktioneller Inhalt"
)
_ABOUT_BOX = re.compile(
    r"Zur Person|Über (?:den Autor|die Autorin|die Autoren|den Verfasser|die Verfasserin)"
)


def is_boilerplate(line: str) -> bool:
    if len(line) > _LONGEST:
        return False
    return _BOILERPLATE.fullmatch(line) is not None or _ABOUT_AUTHOR.fullmatch(line) is not None


def opens_box(line: str) -> bool:
    """The heading of a box that is no part of the article, whatever the sentences in it say."""
    return len(line) <= 80 and _BOX.fullmatch(line) is not None


def introduces_author(line: str) -> bool:
    """The heading of a paragraph about whoever wrote the article."""
    return len(line) <= 80 and _ABOUT_BOX.fullmatch(line) is not None
