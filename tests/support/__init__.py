"""Real parts for the tests: a PostgreSQL server, databases ready to use, a clock that moves when told."""
