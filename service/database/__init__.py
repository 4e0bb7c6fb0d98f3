"""Where what is kept between requests is kept: one SQLite file, or PostgreSQL for several machines."""
