"""Files in memory have a bound, and half of it for each owner."""

import pytest

from service.documents.room import Room
from service.errors import Overloaded


def test_no_more_is_held_than_there_is_room_for_and_it_is_free_again_afterwards() -> None:
    room = Room(100)
    for _ in range(2):
        with room.holding("", 60):
            with pytest.raises(Overloaded), room.holding("", 41):
                pass
            with room.holding("anna", 40):
                pass


def test_one_owner_gets_half_of_it_and_what_fails_is_let_go() -> None:
    room = Room(100)
    with room.holding("anna", 50):
        with pytest.raises(Overloaded, match="yours"), room.holding("anna", 1):
            pass
        with pytest.raises(RuntimeError), room.holding("otto", 50):
            raise RuntimeError
        with room.holding("otto", 50):
            pass
