"""A few sentences of news, as a summary may be made of them."""

from service.pipeline.result import Span
from service.pipeline.summarization import SourceSentence


def sentences(*texts: str) -> list[SourceSentence]:
    position = 0
    made = []
    for text in texts:
        made.append(SourceSentence(Span(position, position + len(text)), text, text.upper()))
        position += len(text) + 1
    return made


NEWS = sentences(
    "Der Stadtrat hat am Montag die Sanierung der alten Brücke beschlossen.",
    "Die Arbeiten an der Brücke beginnen im Mai und dauern drei Monate.",
    "Nach Angaben der Verwaltung kostet die Sanierung zwei Millionen Euro.",
    "Am Rande der Sitzung gab es Kaffee und Kuchen für alle Gäste.",
    "Die Anwohner hatten seit Jahren auf die Sanierung der Brücke gewartet.",
)
