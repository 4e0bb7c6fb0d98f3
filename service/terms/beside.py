"""Where the store of glossaries is asked."""

from service.database.threads import Threads

beside = Threads("glossaries", 4)
