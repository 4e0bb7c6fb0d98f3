"""What the sentence splitter knows of each language: abbreviations, and words that start sentences.

German is kept in full, English, French, Spanish, Italian and Dutch for plain news; any other language
gets `_GENERIC`. To add one, write its `Orthography` and enter it in `_LANGUAGES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EXCLAIMING = frozenset({"Yahoo", "Jeopardy", "Joomla", "Wham", "oOh"})
"""Names written with an exclamation mark, which end a sentence only before a sentence starter."""


@dataclass(frozen=True, slots=True)
class Orthography:
    """`never_ends`: abbreviations that something always follows (`Dr.`, `z.B.`).
    `may_end`: abbreviations that end a sentence only where the next word starts one (`usw. Die`).
    Both are written without the last stop and without spaces; an entry in lower case stands for
    all its spellings, one with a capital (`Mo`, `So`) only for itself.
    `introducing`: those of `may_end` that go on before a quotation (`u. a. „Faust“`).
    `starters`: function words that, with a capital, begin a sentence; an elided one has its apostrophe.
    `openings`: how else a sentence begins: an imperative, an adverb.
    `particles`: starters that are also part of names and say nothing after an initial (`J. De Vries`).
    `numbered`: words whose number is a name (`Platz 1`) and no ordinal, where `ordinal_stops`.
    `conjunctions`: what follows a suspended hyphen (`Ost- und West`), in lower case.
    `ordinal_stops`: whether `27.` is how a number says "27th". `abbreviated_endings`: how compounds of
    an abbreviation end (`Goethestr.`)."""

    never_ends: frozenset[str] = frozenset()
    may_end: frozenset[str] = frozenset()
    introducing: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    openings: re.Pattern[str] | None = None
    particles: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    conjunctions: frozenset[str] = frozenset()
    ordinal_stops: bool = True
    abbreviated_endings: tuple[str, ...] = ()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GERMAN = Orthography(
    never_ends=_words(
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
    may_end=_words(
        """
        usw usf etc uam uvm ff u.a u.ä u.s.w u.s.f u.v.m u.a.m o.ä o.a o.dgl u.dgl dgl s.o s.u
        mio mrd tsd mill std stdn min sek sec jh jhd jhdt jhs chr v.chr n.chr u.z v.u.z
        AG gmbh kg ohg kgaa eG e.v mbh co ltd inc corp SE plc bros
        jan feb mrz apr jun jul aug sep sept okt nov dez Mo Di Mi Do Fr Sa So
        str hbf bhf km cm mm ml qm kwh kw mw ct eur v.l.n.r m.e n.v o.j o.o o.n a.d a.a.o d.j d.ä
        jr sr jun sen u.s u.s.a u.k u.n p.m p.a n.n z.t z.zt Az gr
        Art Mag Gen Kap Tab Max max Par Bl Sp Tel Fax Ev ev no ap amerik ital wiss allg red
        """
    ),
    introducing=_words("u.a o.a u.a.m"),
    starters=_words(
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
        """
    ),
    openings=re.compile(
        r"[A-ZÄÖÜ][a-zäöüß]+n Sie\b|(?:[A-ZÄÖÜ][a-zäöüß]+en|Lasst|Lass) (?:wir|uns)\b|[A-ZÄÖÜ][a-zäöüß]+weise [a-zäöü]"
    ),
    numbered=_words(
        """
        Platz Rang Seite Nummer Kapitel Modell Zimmer Artikel Gleis Runde Staffel Folge Teil Band Version
        Windows Gruppe Punkt Ziffer Stufe Halle Typ Paragraf Paragraph
        """
    ),
    conjunctions=_words("und oder bzw beziehungsweise sowie als bis noch wie aber sondern statt u"),
    abbreviated_endings=("str", "pl"),
)

_ENGLISH = Orthography(
    never_ends=_words(
        """
        mr mrs ms mx dr prof st mt messrs gen col capt cmdr lt sgt cpl pvt adm gov sen rep rev hon
        vs p.s vol pp figs eq cf ca e.g i.e viz esp approx dept
        """
    ),
    may_end=_words(
        """
        inc ltd co corp bros llc plc etc jr sr ph.d m.d b.a m.a u.s u.s.a u.k u.n e.u d.c a.m p.m
        jan feb mar apr jun jul aug sep sept oct nov dec Mon Tue Tues Wed Thu Thurs Fri Sat Sun
        ave blvd rd est no No Nos hrs min Fig pres ch sec maj
        """
    ),
    starters=_words(
        """
        The A An This That These Those He She It We You I They His Her Its Our Their My In On At By
        For From With Without After Before Since Until While When Where Why How What Who Which If As
        Because Although Though However But And Or Nor So Yet Then There Here Now Today Yesterday
        Meanwhile Also Still Both Some Many Most All Each Every No Not To Under Over During Despite
        """
    ),
    conjunctions=_words("and or to"),
    ordinal_stops=False,
)

_FRENCH = Orthography(
    never_ends=_words(
        """
        m mm mme mmes mlle mlles mgr dr pr st ste me art al av apr bd boul p pp vol no nos fig chap cf ex env
        tél réf dép gén col lt sgt éd
        """
    ),
    may_end=_words("etc cie inc ltd corp jr sr s.a s.a.r.l janv févr juil sept oct nov déc"),
    starters=_words(
        """
        Le La Les L' Un Une Des Du De D' Au Aux Il Elle Ils Elles On Nous Vous Je J' Tu Ce C' Cet Cette Ces Ceci
        Cela Ça Son Sa Ses Leur Leurs Mon Ma Mes Notre Nos Dans En Sur Sous Par Pour Avec Sans Selon Malgré
        Depuis Pendant Après Avant Dès Lors Lorsque Lorsqu' Mais Et Ou Donc Or Car Ni Si S' Quand Comme Alors Ainsi
        Puis Puisque Parce Cependant Toutefois Pourtant Enfin Ensuite Aussi Même Aujourd' Hier Demain Ici Là Tout
        Toute Tous Toutes Plusieurs Certains Chaque Aucun Qui Que Qu' Quoi Où Quel Quelle Comment Pourquoi
        """
    ),
    particles=_words("Le La Les De Du Des D' L'"),
    conjunctions=_words("et ou ni"),
    ordinal_stops=False,
)

_SPANISH = Orthography(
    never_ends=_words(
        """
        sr sra srta sres sras dr dra dres d dª ud uds vd vds prof profa lic ing gral cnel cap tte art arts pág
        págs p pp vol núm no fig avda av sto sta mons excmo excma ilmo ilma p.ej ej EE
        """
    ),
    may_end=_words("etc uu cía inc ltd corp bros jr s.a s.l a.c d.c ee.uu ss"),
    starters=_words(
        """
        El La Los Las Lo Un Una Unos Unas Al Del Él Ella Ellos Ellas Yo Tú Usted Ustedes Nosotros Esto Este Esta
        Estos Estas Eso Ese Esa Esos Esas Aquel Aquella Su Sus Mi Mis En De A Por Para Con Sin Sobre Entre Desde
        Hasta Según Tras Durante Mediante Pero Y O Ni Aunque Cuando Como Si No Sí También Tampoco Además
        Después Luego Entonces Así Ahora Hoy Ayer Aquí Allí Ya Se Le Les Me Te Nos Hay Es Son Fue Era Está Todo
        Todos Todas Muchos Algunos Cada Qué Quién Cómo Dónde Cuándo Posteriormente Actualmente
        """
    ),
    particles=_words("De Del La Las Los El Y"),
    conjunctions=_words("y e o u ni"),
    ordinal_stops=False,
)

_ITALIAN = Orthography(
    never_ends=_words(
        """
        sig sigg sig.ra sig.na sig.re sigg.ri dott dott.ssa dr prof prof.ssa avv ing arch geom rag on sen gen col
        mons art artt pag pagg p pp vol n nn fig cap cfr es ad.es spett egr ss fraz
        """
    ),
    may_end=_words("ecc etc s.p.a spa s.r.l srl inc ltd corp jr a.c d.c"),
    starters=_words(
        """
        Il Lo La I Gli Le L' Un Uno Una Un' Egli Ella Lui Lei Essi Loro Io Tu Noi Voi Questo Questa Questi Queste
        Quello Quella Quelli Suo Sua Suoi Sue In Di Del Dello Della Dell' Dei Degli Delle Nel Nella Nell' Nei Nelle
        Al Alla All' Ai Alle A Da Dal Dalla Dall' Dai Con Su Sul Sulla Per Tra Fra Senza Secondo Durante Ma E Ed O
        Se Quando Come Mentre Anche Non Si S' Ci C' Vi Poi Dopo Prima Oggi Ieri Ora Qui Così Però È Era Sono Tutto
        Tutti Ogni Alcuni Molti Chi Che Cosa Dove Perché
        """
    ),
    particles=_words("Lo La Le Di Del Della Dei Degli Dell' Da Dal Dalla Dall' D'"),
    conjunctions=_words("e ed o"),
    ordinal_stops=False,
)

_DUTCH = Orthography(
    never_ends=_words(
        """
        dr drs ir mr mw mevr dhr hr prof ing st fa art blz p pp nrs bijv bv b.v d.w.z m.a.w t.a.v t.b.v t.o.v
        i.v.m m.b.t i.p.v i.t.t resp vgl zgn ca evt incl excl gem geb
        """
    ),
    may_end=_words(
        """
        enz etc e.d e.a o.a a.u.b v.chr n.chr B.V BV N.V NV v.o.f inc ltd corp jr jl nr max min tel
        jan feb mrt apr jun jul aug sep sept okt nov dec
        """
    ),
    introducing=_words("o.a"),
    starters=_words(
        """
        De Het Een Hij Zij Ze Wij We Ik Je Jij U Jullie Dit Dat Deze Die Zijn Haar Hun Ons Onze Mijn Men In Op Aan
        Bij Met Van Voor Na Naar Uit Over Door Om Tegen Tot Tussen Onder Tijdens Sinds Volgens Zonder Binnen
        Vanaf Maar En Of Want Dus Als Toen Wanneer Omdat Hoewel Zodra Ook Nog Er Daar Daarna Daarom Daarbij
        Hier Nu Niet Geen Toch Zo Wie Wat Waar Hoe Waarom Welke Alle Alles Veel Sommige Elk Elke Vandaag
        Gisteren Later Bovendien Echter
        """
    ),
    particles=_words("De Van Het In Op Den Ten Ter"),
    conjunctions=_words("en of"),
    ordinal_stops=False,
)

_GENERIC = Orthography(
    never_ends=_words("dr prof mr mrs st mme sr sra dott sig ing hr nr no vgl cf ca m"),
    may_end=_words("etc usw inc ltd co corp s.a"),
    conjunctions=_words("und oder and or et ou en of och og y o e i"),
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
    "fr": _FRENCH,
    "es": _SPANISH,
    "it": _ITALIAN,
    "nl": _DUTCH,
    **dict.fromkeys(("pt", "sv", "ru", "uk", "ro", "ca"), _PLAIN_NUMBERS),
}


def orthography(language: str) -> Orthography:
    """For any code; `de-AT` is read as `de`."""
    return _LANGUAGES.get(language.partition("-")[0].lower(), _GENERIC)
