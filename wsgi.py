"""What a WSGI server loads: `gunicorn wsgi:app`, or `granian --interface wsgi wsgi:app`."""

import sys

from app import create_app
from app.settings import Settings, SettingsError

try:
    app = create_app(Settings.load())
except SettingsError as problem:
    sys.exit(str(problem))  # a list of what to mend helps more than the server's stack trace
