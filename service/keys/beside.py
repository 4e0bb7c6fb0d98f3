"""Where the store of keys is asked: one reads and one writes."""

from service.database.threads import Threads

beside = Threads("keys", 2)
