"""Where everything is kept: SQLite for the small shop, PostgreSQL for the large one, one code for both."""
