"""Abbreviations and sentence starters of French, Spanish, Italian and Dutch, for plain news."""

from __future__ import annotations

from service.text.orthography import Orthography, words

FRENCH = Orthography(
    never_ends=words(
        """
        m mm mme mmes mlle mlles mgr dr pr st ste me art al av apr bd boul p pp vol no nos fig chap cf ex env
        tél réf dép gén col lt sgt éd
        """
    ),
    may_end=words("etc cie inc ltd corp jr sr s.a s.a.r.l janv févr juil sept oct nov déc"),
    starters=words(
        """
        Le La Les L' Un Une Des Du De D' Au Aux Il Elle Ils Elles On Nous Vous Je J' Tu Ce C' Cet Cette
        Ces Ceci Cela Ça Son Sa Ses Leur Leurs Mon Ma Mes Notre Nos Dans En Sur Sous Par Pour Avec Sans
        Selon Malgré Depuis Pendant Après Avant Dès Lors Lorsque Lorsqu' Mais Et Ou Donc Or Car Ni Si S'
        Quand Comme Alors Ainsi Puis Puisque Parce Cependant Toutefois Pourtant Enfin Ensuite Aussi Même
        Aujourd' Hier Demain Ici Là Tout Toute Tous Toutes Plusieurs Certains Chaque Aucun Qui Que Qu'
        Quoi Où Quel Quelle Comment Pourquoi
        """
    ),
    particles=words("Le La Les De Du Des D' L'"),
    conjunctions=words("et ou ni"),
    ordinal_stops=False,
)

SPANISH = Orthography(
    never_ends=words(
        """
        sr sra srta sres sras dr dra dres d dª ud uds vd vds prof profa lic ing gral cnel cap tte art arts pág
        págs p pp vol núm no fig avda av sto sta mons excmo excma ilmo ilma p.ej ej EE
        """
    ),
    may_end=words("etc uu cía inc ltd corp bros jr s.a s.l a.c d.c ee.uu ss"),
    starters=words(
        """
        El La Los Las Lo Un Una Unos Unas Al Del Él Ella Ellos Ellas Yo Tú Usted Ustedes Nosotros Esto
        Este Esta Estos Estas Eso Ese Esa Esos Esas Aquel Aquella Su Sus Mi Mis En De A Por Para Con Sin
        Sobre Entre Desde Hasta Según Tras Durante Mediante Pero Y O Ni Aunque Cuando Como Si No Sí
        También Tampoco Además Después Luego Entonces Así Ahora Hoy Ayer Aquí Allí Ya Se Le Les Me Te Nos
        Hay Es Son Fue Era Está Todo Todos Todas Muchos Algunos Cada Qué Quién Cómo Dónde Cuándo
        Posteriormente Actualmente
        """
    ),
    particles=words("De Del La Las Los El Y"),
    conjunctions=words("y e o u ni"),
    ordinal_stops=False,
)

ITALIAN = Orthography(
    never_ends=words(
        """
        sig sigg sig.ra sig.na sig.re sigg.ri dott dott.ssa dr prof prof.ssa avv ing arch geom rag on sen
        gen col mons art artt pag pagg p pp vol n nn fig cap cfr es ad.es spett egr ss fraz
        """
    ),
    may_end=words("ecc etc s.p.a spa s.r.l srl inc ltd corp jr a.c d.c"),
    starters=words(
        """
        Il Lo La I Gli Le L' Un Uno Una Un' Egli Ella Lui Lei Essi Loro Io Tu Noi Voi Questo Questa Questi
        Queste Quello Quella Quelli Suo Sua Suoi Sue In Di Del Dello Della Dell' Dei Degli Delle Nel Nella
        Nell' Nei Nelle Al Alla All' Ai Alle A Da Dal Dalla Dall' Dai Con Su Sul Sulla Per Tra Fra Senza
        Secondo Durante Ma E Ed O Se Quando Come Mentre Anche Non Si S' Ci C' Vi Poi Dopo Prima Oggi Ieri
        Ora Qui Così Però È Era Sono Tutto Tutti Ogni Alcuni Molti Chi Che Cosa Dove Perché
        """
    ),
    particles=words("Lo La Le Di Del Della Dei Degli Dell' Da Dal Dalla Dall' D'"),
    conjunctions=words("e ed o"),
    ordinal_stops=False,
)

DUTCH = Orthography(
    never_ends=words(
        """
        dr drs ir mr mw mevr dhr hr prof ing st fa art blz p pp nrs bijv bv b.v d.w.z m.a.w t.a.v t.b.v t.o.v
        i.v.m m.b.t i.p.v i.t.t resp vgl zgn ca evt incl excl gem geb
        """
    ),
    may_end=words(
        """
        enz etc e.d e.a o.a a.u.b v.chr n.chr B.V BV N.V NV v.o.f inc ltd corp jr jl nr max min tel
        jan feb mrt apr jun jul aug sep sept okt nov dec
        """
    ),
    introducing=words("o.a"),
    starters=words(
        """
        De Het Een Hij Zij Ze Wij We Ik Je Jij U Jullie Dit Dat Deze Die Zijn Haar Hun Ons Onze Mijn Men
        In Op Aan Bij Met Van Voor Na Naar Uit Over Door Om Tegen Tot Tussen Onder Tijdens Sinds Volgens
        Zonder Binnen Vanaf Maar En Of Want Dus Als Toen Wanneer Omdat Hoewel Zodra Ook Nog Er Daar Daarna
        Daarom Daarbij Hier Nu Niet Geen Toch Zo Wie Wat Waar Hoe Waarom Welke Alle Alles Veel Sommige Elk
        Elke Vandaag Gisteren Later Bovendien Echter
        """
    ),
    particles=words("De Van Het In Op Den Ten Ter"),
    conjunctions=words("en of"),
    ordinal_stops=False,
)
