"""Where the store of jobs is asked."""

from service.database.threads import Threads

beside = Threads("jobs", 4)
