"""What the sentence splitter knows of each language: abbreviations, and words that start sentences.

German is kept in full, English, French, Spanish, Italian and Dutch for plain news; any other language
gets `_GENERIC`. To add one, write its `Orthography` and enter it in `_LANGUAGES`.
"""

from __future__ import annotations

import re

from service.text.abbreviations_fr_es_it_nl import DUTCH, FRENCH, ITALIAN, SPANISH
from service.text.orthography import Orthography, words

_GERMAN = Orthography(
    never_ends=words(
        """
        dr prof dipl ing hr hrn frl hl sel gebr geb gest verh frh vgl bspw bzw ca evtl ggf
        inkl exkl insb insbes lt lfd mind sog sogen spez zzgl abzgl nr nrn abs anm abb abschn aufl
        bd bde rn rdnr rz ziff hrsg übers verf jg jgg betr engl frz franz lat griech österr röm kath
        evang pfr med jur phil theol rer urt hptm uffz stellv stv urspr eigtl entspr gegr bsp st ehem
        halbs fa nördl südl östl westl städt techn gesch led bürgerl landw wirtsch
        z.b z.bsp d.h d.i i.d.r i.a i.allg v.a u.u i.e.s i.w.s i.s.v i.s.d i.v.m i.v i.h.v i.r.d
        z.hd z.hdn b.sc m.sc h.c dr.h.c dipl.-ing dipl.-kfm dipl.-psych b.z.w o.g e.g i.e mr mrs
        """
    ),
    may_end=words(
        """
        usw usf etc uam uvm ff u.a u.ä u.s.w u.s.f u.v.m u.a.m o.ä o.a o.dgl u.dgl dgl s.o s.u
        mio mrd bio tsd mill std stdn min sek sec jh jhd jhdt jhs chr v.chr n.chr u.z v.u.z
        AG gmbh kg ohg kgaa eG e.v mbh co ltd inc corp SE plc bros
        jan feb mrz apr jun jul aug sep sept okt nov dez Mo Di Mi Do Fr Sa So
        str hbf bhf ml qm ct eur v.l.n.r m.e n.v o.j o.o o.n a.d a.a.o d.j d.ä
        jr sr jun sen u.s u.s.a u.k u.n p.m p.a n.n z.t z.zt Az gr
        Art Mag Gen Kap Tab Max max Par Bl Sp Tel Fax Ev ev no ap amerik ital wiss allg red
        """
    ),
    listing=words("usw usf etc uvm u.s.w u.s.f u.v.m"),
    introducing=words("u.a o.a u.a.m"),
    starters=words(
        """
        Der Die Das Den Dem Des Ein Eine Einen Einem Einer Eines Kein Keine Keinen Keiner Er Sie Es Wir
        Ihr Ich Du Man Sein Seine Seinen Seiner Ihre Ihren Ihrem Ihrer Unser Unsere Mein Meine Dies
        Diese Dieser Diesen Diesem Dieses Jene Jener Jeder Jede Jedes Alle Alles Viele Einige Manche
        Mehrere Beide Solche Welche Welcher Welches Wer Was Wo Wie Wann Warum Weshalb Wieso Wohin Woher
        In Im Ins An Am Ans Auf Aufs Aus Bei Beim Mit Nach Seit Von Vom Vor Zu Zum Zur Zwischen Über
        Unter Um Für Gegen Ohne Durch Während Wegen Trotz Laut Bis Ab Aufgrund Angesichts Neben Hinter
        Innerhalb Außerhalb Anhand Statt Anstatt Dank Entgegen Gemäß Infolge Mithilfe Samt
        Doch Aber Und Oder Denn Auch Nun Nur Noch Schon So Dann Da Dabei Dazu Damit Danach Davor Daher
        Dafür Dagegen Daran Darauf Daraus Darin Darüber Darum Darunter Davon Deshalb Deswegen Dennoch
        Trotzdem Allerdings Jedoch Zudem Außerdem Ferner Insgesamt Insbesondere Hingegen Vielmehr
        Wenn Als Ob Weil Dass Obwohl Nachdem Bevor Ehe Sobald Solange Falls Sofern Indem Sondern Sowohl
        Weder Entweder Hier Dort Heute Gestern Jetzt Bislang Bisher Zuletzt Zunächst Später Damals
        Derzeit Inzwischen Mittlerweile Erst Erstmals Immer Wieder Weiter Weitere Weiterhin Ja Nein
        Nicht Nichts Niemand Jemand Etwas Hat Haben Hatte Hatten Ist Sind War Waren Wird Werden Wurde
        Wurden Kann Können Soll Sollen Muss Müssen Darf Will Wollen Gibt Bleibt Zugleich Gleichzeitig
        Leider Natürlich Eigentlich Zwar Ansonsten Übrigens Bitte Danke Vielen
        Anschließend Schade Wirklich Ganz Besonders Auch Gut Sehr Super Gerne
        Dadurch Somit Also Ebenso Ebenfalls Vielleicht Wahrscheinlich Offenbar Schließlich Stattdessen
        Mehr Morgen Niemals Bald Oft Manchmal Meist Meistens Endlich Selbst Sogar Vermutlich Lange
        Daraufhin Hierbei Hierzu Hierfür Hiermit Hierdurch Hierin Hieraus Hiervon Worauf Wobei Womit Wodurch
        Wofür Dahinter Daneben Dazwischen Demnach Demgegenüber Folglich Infolgedessen Unterdessen
        Währenddessen Überdies Obendrein Gleichwohl Immerhin Wiederum Sonst Andernfalls Einerseits
        Andererseits Je Wem Wen Jedem Jeden Jenem Jenen Etliche Sämtliche Mancher Manches Kaum Plötzlich
        Sofort Kürzlich Seitdem Seither Vorher Nachher Zuvor Einst Einmal Nie Überall Nirgends Dorthin Dein
        Deine Deinen Euer Eure Meinen Meinem Meiner Seinem Seines Ihres Unseren Unserem Uns Mich Mir Dich
        Dir Ihn Ihm Wäre Würde Würden Könnte Könnten Müsste Sollte Sollten Dürfte Habe Hätte Hätten Sei
        Erstens Zweitens Drittens Nichtsdestotrotz Nichtsdestoweniger Genauso Umso Desto Hin Obgleich
        Wenngleich Sodass
        """
    ),
    openings=re.compile(
        r"[A-ZÄÖÜ][a-zäöüß]+n Sie\b|(?:[A-ZÄÖÜ][a-zäöüß]+en|Lasst|Lass) (?:wir|uns)\b"
        r"|[A-ZÄÖÜ][a-zäöüß]+weise [a-zäöü]"
    ),
    numbered=words(
        """
        Platz Rang Seite Nummer Kapitel Modell Zimmer Artikel Gleis Runde Staffel Folge Teil Band Version
        Windows Gruppe Punkt Ziffer Stufe Halle Typ Paragraf Paragraph Kanal Gate Top Terminal Tempo Linie
        Phase Highway Raum knapp rund mindestens höchstens circa
        """
    ),
    conjunctions=words("und oder bzw beziehungsweise sowie als bis noch wie aber sondern statt u"),
    abbreviated_endings=("str", "pl"),
    small_starts=True,
)

_ENGLISH = Orthography(
    never_ends=words(
        """
        mr mrs ms mx dr prof st mt messrs gen col capt cmdr lt sgt cpl pvt adm gov sen rep rev hon
        vs p.s vol pp figs eq cf ca e.g i.e viz esp approx dept
        """
    ),
    may_end=words(
        """
        inc ltd co corp bros llc plc etc jr sr ph.d m.d b.a m.a u.s u.s.a u.k u.n e.u d.c a.m p.m
        jan feb mar apr jun jul aug sep sept oct nov dec Mon Tue Tues Wed Thu Thurs Fri Sat Sun
        ave blvd rd est no No Nos hrs min Fig pres ch sec maj
        """
    ),
    starters=words(
        """
        The A An This That These Those He She It We You I They His Her Its Our Their My In On At By
        For From With Without After Before Since Until While When Where Why How What Who Which If As
        Because Although Though However But And Or Nor So Yet Then There Here Now Today Yesterday
        Meanwhile Also Still Both Some Many Most All Each Every No Not To Under Over During Despite
        """
    ),
    conjunctions=words("and or to"),
    ordinal_stops=False,
)

_GENERIC = Orthography(
    never_ends=words("dr prof mr mrs st mme sr sra dott sig ing hr nr no vgl cf ca m"),
    may_end=words("etc usw inc ltd co corp s.a"),
    conjunctions=words("und oder and or et ou en of och og y o e i"),
)
_PLAIN_NUMBERS = Orthography(
    never_ends=_GENERIC.never_ends,
    may_end=_GENERIC.may_end,
    conjunctions=_GENERIC.conjunctions,
    ordinal_stops=False,
)

_LANGUAGES = {
    "de": _GERMAN,
    "en": _ENGLISH,
    "fr": FRENCH,
    "es": SPANISH,
    "it": ITALIAN,
    "nl": DUTCH,
    **dict.fromkeys(("pt", "sv", "ru", "uk", "ro", "ca"), _PLAIN_NUMBERS),
}


def orthography(language: str) -> Orthography:
    """For any code; `de-AT` is read as `de`."""
    return _LANGUAGES.get(language.partition("-")[0].lower(), _GENERIC)
