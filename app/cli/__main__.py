"""`python -m app.cli` is the same as `tillpass`."""

from app.cli import main

main()
