"""Serial numbers are told from words with a number in them."""

import pytest

from service.text.serials import serials


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Auf das Konto DE89370400440532013000, bitte.", ["DE89370400440532013000"]),
        ("Die Sendung JJD014600004567890123 kam.", ["JJD014600004567890123"]),
        ("Der Commit c8996fb92427 behebt das.", ["c8996fb92427"]),
        ("Das Auto mit WVWZZZ1JZXW386752 fehlt.", ["WVWZZZ1JZXW386752"]),
        ("Der Schlüssel XJ4R9-KK2P7-QW8ZT-M3N5V-L0B2X gilt.", ["XJ4R9-KK2P7-QW8ZT-M3N5V-L0B2X"]),
        ("Die Nummer 4XK-29B-88L und die Farbe #ff00aa.", ["4XK-29B-88L", "#ff00aa"]),
        ("Der 50-jährige Pilot des A380-Flugzeugs und der 19-Jährige", []),
        ("Die F-16, ein MP3-Player, 100prozentig CO2neutral, 1990er, 3D-gedruckt, U20, 5G-Netz", []),
        ("COVID-19-Pandemie, Agenda-2030-Ziele, G20-Gipfel2024, #Sommer2024", []),
        ("2024-05-01, 192.168.178.23, 978-3-16-148410-0, 14:30 Uhr, 50km/h", []),
        ("Siehe talbote.example/a1b2c3d4e5 und a1b2c3d4e5@talbote.example.", []),
    ],
)
def test_serial_numbers_are_found_and_words_with_numbers_are_not(text: str, found: list[str]) -> None:
    assert serials(text) == found
