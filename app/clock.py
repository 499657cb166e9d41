"""The one place that asks the machine for the time.

Everything below the composition root is given `now`, so a test can move through a year in a millisecond. Only
the composition root, the command line and the sandbox may import this module.
"""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time, aware and in UTC, to the microsecond."""
    return datetime.now(UTC)
