from collections.abc import Callable

import pytest
from lxml import etree

from service.documents.formats import read_document
from service.errors import DocumentInvalid
from tests.integration.documents.conftest import Translate

FIRST = """<?xml version='1.0' encoding='UTF-8'?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2">
  <file original="a" source-language="de" datatype="plaintext"><body>
    <trans-unit id="1"><source>Der <g id="1">Stadtrat</g> tagt.<x id="2"/></source></trans-unit>
    <trans-unit id="2">
      <source>Ein <bpt id="1">&lt;b&gt;</bpt>fetter<ept id="1">&lt;/b&gt;</ept> Satz &amp; mehr.</source>
      <target state="new"></target>
    </trans-unit>
    <trans-unit id="3" approved="yes"><source>Fertig.</source><target>Done already.</target></trans-unit>
    <trans-unit id="4" translate="no"><source>Bleibt.</source></trans-unit>
    <trans-unit id="5"><source>Eins. Zwei.</source>
      <seg-source><mrk mtype="seg" mid="0">Eins.</mrk> <mrk mtype="seg" mid="1">Zwei.</mrk></seg-source>
    </trans-unit>
    <group translate="no"><trans-unit id="6"><source>Auch nicht.</source></trans-unit></group>
    <trans-unit id="7"><source>12,50</source></trans-unit>
  </body></file>
</xliff>
"""
SECOND = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="de">
  <file id="f"><unit id="1">
    <segment><source>Der <pc id="1">Stadtrat</pc> tagt<ph id="2"/>.</source></segment>
    <segment state="final"><source>Fertig.</source><target>Done.</target></segment>
    <segment><source>Ein <sc id="3"/>fetter<ec startRef="3"/> Satz.</source><target>Alt.</target></segment>
    <ignorable><source> </source></ignorable>
  </unit><unit id="2" translate="no"><segment><source>Bleibt.</source></segment></unit></file>
</xliff>
"""


def targets(content: bytes) -> list[str]:
    root = etree.fromstring(content)
    found = root.iter("{*}target")
    return [etree.tostring(each, encoding="unicode", with_tail=False).split(">", 1)[1] for each in found]


def test_every_source_of_version_1_2_gets_its_target(translate: Translate) -> None:
    made = translate(FIRST, "a.xlf", source="auto").content
    assert targets(made) == [
        'DER <g id="1">STADTRAT</g> TAGT.<x id="2"/></target>',
        'EIN <bpt id="1">&lt;b&gt;</bpt>FETTER<ept id="1">&lt;/b&gt;</ept> SATZ &amp; MEHR.</target>',
        "Done already.</target>",
        '<mrk mtype="seg" mid="0">EINS.</mrk> <mrk mtype="seg" mid="1">ZWEI.</mrk></target>',
    ]
    text = made.decode()
    assert text.splitlines()[0] == FIRST.splitlines()[0]
    assert 'target-language="en"' in text
    assert text.count('state="needs-review-translation" state-qualifier="mt-suggestion"') == 3
    sources = FIRST.count("<source>")
    assert text.count("<source>") == sources


def test_every_segment_of_version_2_gets_its_target(translate: Translate) -> None:
    made = translate(SECOND, "a.xliff").content
    assert targets(made) == [
        'DER <pc id="1">STADTRAT</pc> TAGT<ph id="2"/>.</target>',
        "Done.</target>",
        'EIN <sc id="3"/>FETTER<ec startRef="3"/> SATZ.</target>',
    ]
    assert b'trgLang="en"' in made
    assert made.count(b'state="translated"') == 2
    assert made.count(b'state="final"') == 1


def test_the_language_that_the_file_names_is_its_source() -> None:
    assert read_document(FIRST.encode(), "a.xlf").language == "de"


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))

HOSTILE: dict[str, Callable[[], str]] = {
    "entities in an attribute": lambda: FIRST.replace(
        "<xliff", f'<!DOCTYPE x [<!ENTITY e0 "ha">{LAUGHS}]><xliff a="&e9;"', 1
    ),
    "one long entity often": lambda: FIRST.replace(
        "<xliff", f'<!DOCTYPE x [<!ENTITY e0 "{"ha" * 50_000}">]><xliff a="{"&e0;" * 50_000}"', 1
    ),
    "an entity of the disk": lambda: FIRST.replace(
        "<xliff", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xliff', 1
    ).replace("tagt.", "&a;"),
    "entities": lambda: FIRST.replace("<xliff", '<!DOCTYPE x [<!ENTITY a "b">]><xliff', 1),
    "10,000 deep": lambda: SECOND.replace("Fertig.", '<pc id="9">' * 10_000 + "a" + "</pc>" * 10_000),
    "300 deep": lambda: SECOND.replace("Fertig.", '<pc id="9">' * 300 + "a" + "</pc>" * 300),
    "300 namespaces": lambda: of(unit("Rat"), namespaces=300).decode(),
    "no XLIFF": lambda: "<html/>",
    "another version": lambda: FIRST.replace("document:1.2", "document:1.1"),
    "cut": lambda: FIRST[:600],
    "empty": lambda: "",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(10)
def test_a_hostile_file_is_refused(name: str) -> None:
    with pytest.raises(DocumentInvalid):
        read_document(HOSTILE[name]().encode(), "a.xlf")


def of(body: str, namespaces: int = 0) -> bytes:
    declared = "".join(f' xmlns:n{number}="urn:n{number}"' for number in range(namespaces))
    return (
        f'<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"{declared}><file '
        'source-language="de" target-language="en" original="a" datatype="plaintext"><body>'
        f"{body}</body></file></xliff>"
    ).encode()


def unit(source: str) -> str:
    return f'<trans-unit id="1"><source>{source}</source></trans-unit>'


LARGE = {
    "codes that end nothing": of(unit("Rat. " + '<bpt id="a"/>' * 20_000 + '<ept id="b"/>' * 20_000)),
    "codes in pairs": of(unit('<bpt id="1">x</bpt>Rat<ept id="1">y</ept>' * 40_000)),
    "units far down": of("<group>" * 180 + unit("Rat") * 60_000 + "</group>" * 180),
    "namespaces and units": of(unit("Der Rat") * 40_000, namespaces=190),
    "namespaces and tags": of(unit('<g id="1">Der Rat</g> ' * 40_000), namespaces=190),
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
@pytest.mark.timeout(20)
def test_much_of_one_kind_takes_no_longer_than_its_number(content: bytes) -> None:
    file = read_document(content, "a.xlf")
    assert file.characters > 0
    assert file.write(file.source, "en").count(b"<target") == content.count(b"<trans-unit")
