"""What a line of a scraped page says about itself: caption, credit, time, list item, table row.

Each question is asked of one line without surrounding white space. The words are those of German
news pages, with the English ones that appear beside them.
"""

from __future__ import annotations

import re

from service.text.boilerplate import is_boilerplate

_LONGEST_CREDIT = 160
_LONGEST_CELL = 48

_NUMBERED = re.compile(r"(\d{1,3})([.)])(?=\s)")
_LETTERED = re.compile(r"[a-z]\)(?=\s)")
_BULLET = re.compile(r"[•*·▪►‣◦+](?=\s)")
_DASH = re.compile(r"[-–—](?=\s)")

_MONTH = (
    r"(?:Jan(?:uar|\.)?|Feb(?:ruar|\.)?|März|Mrz\.?|Apr(?:il|\.)?|Mai|Juni?|Juli?|Aug(?:ust|\.)?|"
    r"Sept?(?:ember|\.)?|Okt(?:ober|\.)?|Nov(?:ember|\.)?|Dez(?:ember|\.)?)"
)
_DATE = rf"(?:\d{{1,2}}\.\s?\d{{1,2}}\.\s?\d{{2,4}}|\d{{1,2}}\.\s?{_MONTH}\s\d{{4}})"
_WEEKDAY = r"(?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonnabend|Sonntag|Mo|Di|Mi|Do|Fr|Sa|So)"
_CLOCK = r"\d{1,3}:\d{2}(?::\d{2})?"
_UNIT = r"(?:min\b\.?|Min\b\.?|Minuten\b|Std\b\.?|h\b)"

_RUNNING_TIME = rf"(?:{_DATE}\s*\|\s*{_CLOCK}(?:\s*{_UNIT})?|{_CLOCK}\s*{_UNIT})"
_RUNNING_TIME_AT_END = re.compile(rf"{_RUNNING_TIME}$")
_STARTS_WITH_DATE = re.compile(rf"{_DATE}\s*\|")
_WHEN = re.compile(
    rf"(?:(?:Video|Audio|Länge|Dauer|Laufzeit)\s*[:|]?\s*)?{_RUNNING_TIME}"
    rf"|Lesezeit\s*:?\s*(?:ca\.\s*)?\d{{1,3}}\s*{_UNIT}"
    rf"|\d{{1,3}}\s*(?:Min\.|Minuten)\s+Lesezeit"
    rf"|(?:{_WEEKDAY}\.?,?\s+)?(?:(?:den|der|am)\s+)?{_DATE}(?:,?\s*(?:[-–|]|um)?\s*\d{{1,2}}[:.]\d{{2}}(?:\sUhr)?)?"
    rf"|\d{{1,2}}[:.]\d{{2}}\sUhr"
    rf"|[Vv]or\s\d{{1,2}}\s(?:Minuten?|Stunden?|Tagen?)"
)

_AGENCY = (
    r"(?:dpa|dpad|afp|AFP|rtr|Reuters|REUTERS|AP|ap|epd|EPD|KNA|kna|SID|sid|APA|apa|sda|SDA|ANSA|TASS|"
    r"Xinhua|Bloomberg|DPA|dts|imago|picture alliance|Getty Images|red|Red\.)"
)
_AGENCIES = rf"{_AGENCY}(?:(?:\s?[,/|]\s?|\sund\s|\s){_AGENCY})*"
_NAME = r"[A-ZÄÖÜ][\w'’.-]*+"
_NAMES = (
    rf"(?:{_NAME}|{_AGENCY})"
    rf"(?:(?:\s?[,/|&]\s?|\s)(?:und|von|van|de|der|den|aus|in|für|via|{_NAME}|{_AGENCY})){{0,9}}"
)

_CAPTION_START = re.compile(
    r"(?:Fotos?|Bild(?:er|unterschrift|zeile)?|Montage|Collage|Archiv(?:bild|foto)|Symbol(?:bild|foto)|"
    r"Grafik|Infografik|Karte|Illustration|Zeichnung|Screenshot|Video|Im Bild|Auf dem Foto|Photo|Image|"
    r"Caption)\s?[:|]"
)
_NEWS_OF_A_VIDEO = re.compile(r"Video\s?:\s(?:\S+\s+){6,}\S*[.!?]$")
# The credit at a caption's end stands in brackets, behind a sentence or a rule, or names somebody; `ein
# schlimmes Bild: Häuser ohne Dach` is prose.
_CAPTION_END = re.compile(
    r"(?:\((?:Archiv|Symbol)(?:bild|foto)\)"
    r"|(?:\(|[|/]\s?|[.!?…\"“»)]\s)(?:Fotos?|Bild|Bilder|Photos?):\s?[^.!?()]{2,60}\)?"
    rf"|\s(?:Fotos?|Bild|Photos?):\s?{_NAMES})\.?$"
)
_CAPTION_WORD = re.compile(r"\(?(?:Archivbild|Archivfoto|Symbolbild|Symbolfoto)\)?")

_DAY = rf"(?:{_WEEKDAY}\.?,?\s+)?(?:den\s)?(?:{_DATE}|\d{{1,2}}\.\s?{_MONTH})"
_TIME = r"(?:,?\s*(?:[-–|]|um)?\s*\d{1,2}[:.]\d{2}(?:\sUhr)?)?"
_CREDIT = re.compile(
    # Who and what: any value that is no sentence of its own (`is_credit` sees to that).
    r"(?:Quellen?|Sources?|Autor(?:in|en|:in)?|Fotograf(?:in)?|Bild(?:quelle|nachweis|rechte)|Copyright|"
    r"Agentur|Mitarbeit|Übersetzung|Tags?|Schlagwort(?:e|er)?|Themen|Ressort|Rubrik)\s?:\s?\S.*"
    rf"|(?:Text|Redaktion|Protokoll|Interview|Bearbeitung)\s?:\s?{_NAMES}\.?"
    # When: no date, no credit.
    r"|(?:Stand|Zuletzt aktualisiert|Aktualisiert|Veröffentlicht|Erschienen|Erstellt|Datum|Gesendet|Date|"
    r"Sent)"
    r"\s?:\s?(?=.*\d)\S.*"
    rf"|(?:Aktualisiert|Veröffentlicht|Erschienen|Zuletzt geändert|Stand)\s(?:am|vom|um)\s{_DAY}{_TIME}\.?"
    # The head of a mail; `An: die Redaktion`, but no sentence.
    r"|(?:Von|An|Cc|From|To)\s?:\s?(?:\S.*@.*|\S+(?:\s\S+){0,5}(?<![.!?]))"
    r"|dpa-infocom\b.*|©.*|\([cC]\)\s.*|Copyright(?:\s(?:by|©|\(c\)|\d{4})\b.*)?"
    rf"|\(?{_AGENCIES}\)?\.?"
    rf"|\(?[Mm]it (?:Material|Agenturmaterial|Informationen|Inhalten) (?:von|der|des)\s"
    rf"(?:(?:Nachrichten)?[Aa]gentur(?:en)?\s)?{_AGENCIES}\)?\.?"
    r"|\(?[a-zäöü]{2,4}(?:/[a-zäöü]{2,4})+\)?"
)
_BYLINE = re.compile(
    r"(?:V(?:on|ON)|(?:Ein|Eine)\s(?:Kommentar|Gastbeitrag|Analyse|Essay|Reportage|Interview|Bericht|Kolumne|"
    r"Gastkommentar|Porträt)\svon|Interview von|Aufgezeichnet von|By)\s"
    rf"{_NAME}(?:(?:,\s|\s)(?:und|von|van|de|der|aus|in|UND|{_NAME})){{0,9}}(?:\s\({_AGENCIES}\))?"
)
# `Themen: Die Minister sprachen über Rente, Krieg und Klima.`
_SENTENCE = re.compile(r"(?!©|\()\S+\s(?:\S+\s+){4,}\S*[.!?…][\"“»]?")
_CELL_GAP = re.compile(r"\s*\|\s*|[^\S\t]*\t\s*|(?<![.!?,;:])[ \u00a0]{2,}")
_GAP_SIGNS = ("|", "\t", "  ", "\u00a0")
"""One of them is in every gap between cells; lines of prose have none."""
_SENTENCE_STOP = re.compile(r"[.!?…][\"“»)]?$")
_TIGHT_GAP = re.compile(r"\s*\|\s*|[^\S\t]*\t\s*")


def has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def says_when(line: str) -> bool:
    """Nothing but a date, a time or a running time: `01.06.2023 | 43:26 min`, `14.32 Uhr`."""
    return len(line) <= 80 and _WHEN.fullmatch(line) is not None


def running_time_at_end(line: str) -> int | None:
    """Where a running time begins that closes the line: after a finished sentence, or with a date."""
    tail = max(0, len(line) - 60)
    found = _RUNNING_TIME_AT_END.search(line, tail)
    if found is None or found.start() == 0:
        return None
    before = line[: found.start()].rstrip()
    if _STARTS_WITH_DATE.match(line, found.start()) or before.endswith(
        (".", "!", "?", "…", '"', "“", "»", ")")
    ):
        return found.start()
    return None


def is_caption(line: str) -> bool:
    if _CAPTION_WORD.fullmatch(line):
        return True
    if _CAPTION_START.match(line):
        return _NEWS_OF_A_VIDEO.match(line) is None
    return len(line) <= 400 and _CAPTION_END.search(line, max(0, len(line) - 90)) is not None


def is_credit(line: str) -> bool:
    """Who wrote it, who owns it, when it was changed, and what the page says about itself."""
    if is_boilerplate(line):
        return True
    if len(line) > _LONGEST_CREDIT:
        return False
    if _BYLINE.fullmatch(line):
        return True
    return _CREDIT.fullmatch(line) is not None and _SENTENCE.fullmatch(line) is None


def number_marker(line: str) -> tuple[int, str] | None:
    """`(3, ".")` for `3. Stock`; whether it really counts a list is for the lines around to say."""
    found = _NUMBERED.match(line)
    if found is None or re.match(_MONTH + r"\b", line[found.end() :].lstrip()):
        return None
    return int(found[1]), found[2]


def marker_end(line: str) -> int:
    """The length of the list marker the line starts with; 0 without one. Numbers count here."""
    for pattern in (_BULLET, _DASH, _NUMBERED, _LETTERED):
        if found := pattern.match(line):
            return found.end()
    return 0


def is_bullet(line: str) -> bool:
    return bool(_BULLET.match(line) or _LETTERED.match(line))


def is_dash(line: str) -> bool:
    return _DASH.match(line) is not None


def table_cells(line: str) -> list[tuple[int, int]]:
    """Spans of the cells of a row: parted by pipes, tabs or runs of spaces."""
    cells, start = [], 0
    for gap in _CELL_GAP.finditer(line):
        if gap.start() > start:
            cells.append((start, gap.start()))
        start = gap.end()
    if start < len(line):
        cells.append((start, len(line)))
    return cells


def looks_tabular(line: str, *, alone: bool) -> bool:
    """A row among rows needs two short cells; a row alone needs three, parted by pipes or tabs."""
    if len(line) > 400 or not any(map(line.__contains__, _GAP_SIGNS)):
        return False
    cells = table_cells(line)
    if not cells or sum(end - start for start, end in cells) / len(cells) > _LONGEST_CELL:
        return False
    tight = len(_TIGHT_GAP.findall(line))
    if alone:
        return len(cells) >= 3 and tight >= 2
    return len(cells) >= 2 and (tight > 0 or not _is_spaced_prose(line, cells))


def _is_spaced_prose(line: str, cells: list[tuple[int, int]]) -> bool:
    """Double spaces in a justified or carelessly typed sentence: it goes on in lower case, or ends."""
    start, end = cells[-1]
    if _SENTENCE_STOP.search(line[start:end]) and len(line[start:end].split()) > 1:
        return True
    return any(line[start].islower() for start, _ in cells[1:])
