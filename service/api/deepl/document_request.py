"""A document as it is kept: what was asked for beside the file, and what is told of its translation."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import BaseModel

from service.api.deepl.wire import TermsUsedOut
from service.api.translated_file import RemarkOut
from service.terms.glossary import Term, TermList


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """`name` has the file's ending and nothing of its sender's; `terms` are kept with it, for glossaries are
    not shared between machines. `payer` is charged."""

    name: str
    source: str
    target: str
    terms: TermList | None
    payer: str
    content: bytes

    def dump(self) -> bytes:
        """For `load`: a line of JSON, then the file."""
        terms = None if self.terms is None else [[each.source, each.target] for each in self.terms.terms]
        asked = {"name": self.name, "source": self.source, "target": self.target, "payer": self.payer}
        return json.dumps({**asked, "terms": terms}).encode() + b"\n" + self.content

    @classmethod
    def load(cls, dumped: bytes) -> DocumentRequest:
        asked, _, content = dumped.partition(b"\n")
        fields = json.loads(asked)
        terms = fields.pop("terms")
        kept = None if terms is None else TermList(tuple(Term(*each) for each in terms))
        return cls(**fields, terms=kept, content=content)


class TranslationOut(BaseModel):
    """What is told of a translation before it is fetched."""

    extension: str
    billed_characters: int
    detected_source_language: str
    warnings: list[RemarkOut]
    terms: TermsUsedOut | None
