import socket

import pytest

from service.cli.serve import bind


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_are_sent_without_waiting_for_acknowledgements(host: str) -> None:
    try:
        listening = bind(host, 0)
    except OSError:
        pytest.skip("no such address here")
    listening.listen()
    with listening, socket.create_connection(listening.getsockname()[:2], timeout=10):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
