"""Files in and files out: read, translated with their formatting kept, written again. No HTTP here."""
