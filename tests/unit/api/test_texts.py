"""What the doors for texts of other services share."""

import asyncio

from service.api.texts import detected


async def test_a_long_text_is_looked_at_beside_the_event_loop() -> None:
    text = "Der Stadtrat hat am Montag beschlossen, die alte Brücke zu sanieren. " * 5_000
    looking = asyncio.create_task(detected(text, default="en", max_characters=len(text)))
    await asyncio.sleep(0)
    assert not looking.done(), "the event loop stood still for it"
    assert (await asyncio.wait_for(looking, 20)).code == "de"
