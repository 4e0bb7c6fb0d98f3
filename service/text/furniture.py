"""What a line of a scraped page says about itself: caption, credit, time, list item, table row.

Each question is asked of one line without surrounding white space. The words are those of German
news pages, with the English ones that appear beside them.
"""

from __future__ import annotations

import re

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

_CAPTION_START = re.compile(
    r"(?:Fotos?|Bild(?:er|unterschrift|zeile)?|Montage|Collage|Archiv(?:bild|foto)|Symbol(?:bild|foto)|"
    r"Grafik|Infografik|Karte|Illustration|Zeichnung|Screenshot|Video|Im Bild|Auf dem Foto|Photo|Image|"
    r"Caption)\s?[:|]"
)
_CAPTION_END = re.compile(
    r"(?:\((?:Archiv|Symbol)(?:bild|foto)\)|\(?\b(?:Foto|Bild|Photo)s?:\s?[^.!?()]{2,60}\)?)\.?$"
)
_CAPTION_WORD = re.compile(r"\(?(?:Archivbild|Archivfoto|Symbolbild|Symbolfoto)\)?")

_AGENCY = (
    r"(?:dpa|dpad|afp|AFP|rtr|Reuters|REUTERS|AP|ap|epd|EPD|KNA|kna|SID|sid|APA|apa|sda|SDA|ANSA|TASS|"
    r"Xinhua|Bloomberg|DPA|dts|imago|picture alliance|Getty Images|red|Red\.)"
)
_CREDIT = re.compile(
    r"(?:Quellen?|Source|Sources|Autor(?:in|en|:in)?|Text|Redaktion|Fotograf(?:in)?|Bildquelle|Copyright|Stand|"
    r"Zuletzt aktualisiert|Aktualisiert|Veröffentlicht|Erschienen|Erstellt|Datum|Agentur|Mitarbeit|"
    r"Übersetzung|"
    r"Protokoll|Tags?|Schlagwort(?:e|er)?|Themen|Ressort|Rubrik|Von|An|Cc|Gesendet|From|To|Date|Sent)"
    r"\s?:\s?\S.*"
    r"|(?:Aktualisiert|Veröffentlicht|Zuletzt geändert|Stand)\s(?:am|vom)\s.*\d.*"
    r"|(?:©|\(c\)|\(C\)|Copyright\b).*"
    rf"|\(?(?:Mit Material von\s)?{_AGENCY}(?:(?:\s?[,/|]\s?|\sund\s|\s){_AGENCY})*\)?\.?"
    rf"|(?:Mit Material (?:von|der)|mit Informationen von)\s.*"
    r"|\(?[a-zäöü]{2,4}(?:/[a-zäöü]{2,4})+\)?"
)
_BYLINE = re.compile(
    r"(?:Von|Ein Kommentar von|Ein Gastbeitrag von|Eine Analyse von|Interview von|Aufgezeichnet von|By)\s"
    r"[A-ZÄÖÜ][\w'’.-]*(?:(?:,\s|\s)(?:und|von|van|de|der|zu|aus|in|[A-ZÄÖÜ][\w'’.-]*)){0,9}"
)
_BOILERPLATE = re.compile(
    r"Alle Rechte vorbehalten.*|(?:Hier|Jetzt)\b.{0,60}\b(?:abonnieren|anmelden|lesen|registrieren)\W*"
    r"|.{0,60}\bNewsletter\b.{0,60}(?:abonnieren|anmelden|abmelden|bestellen|abbestellen).{0,40}"
    r"|(?:Lesen Sie (?:auch|hier|mehr|dazu)|Mehr (?:zum Thema|dazu)|Das könnte Sie auch interessieren|"
    r"Weiterlesen|"
    r"Weitere (?:Artikel|Themen|Meldungen)|Auch interessant|Themenseite)\b.*"
    r"|(?:Artikel|Seite|Beitrag)\s(?:drucken|teilen|merken|versenden|anhören)|Teilen|Drucken|Merken|Anzeige|Werbung"
    r"|(?:Zur|Zurück zur)\s(?:Startseite|Übersicht)|Kommentare?\s?(?:\(\d+\)|\d+)?|\d+\sKommentare?"
    r"|Folgen Sie uns\b.*|Inhalt (?:laden|anzeigen)|Impressum|Datenschutz(?:erklärung)?|Cookie-Einstellungen"
    r"|Diese (?:E-)?Mail wurde .*|(?:Zum )?Abbestellen\b.*"
    r"|(?:Facebook|Twitter|WhatsApp|E-Mail|X|Instagram|LinkedIn)"
)

_CELL_GAP = re.compile(r"\s*\|\s*|[^\S\t]*\t\s*|(?<![.!?,;:])[ \u00a0]{2,}")
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
    if _CAPTION_START.match(line) or _CAPTION_WORD.fullmatch(line):
        return True
    return len(line) <= 400 and _CAPTION_END.search(line, max(0, len(line) - 90)) is not None


def is_credit(line: str) -> bool:
    """Who wrote it, who owns it, when it was changed, and what the page says about itself."""
    if len(line) > _LONGEST_CREDIT:
        return False
    return any(pattern.fullmatch(line) for pattern in (_CREDIT, _BYLINE, _BOILERPLATE))


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
    if len(line) > 400:
        return False
    cells = table_cells(line)
    if not cells or sum(end - start for start, end in cells) / len(cells) > _LONGEST_CELL:
        return False
    if alone:
        return len(cells) >= 3 and len(_TIGHT_GAP.findall(line)) >= 2
    return len(cells) >= 2
