"""A Flask application that serves one test after the other: what a test may change is put back."""

from __future__ import annotations

from typing import Any

from flask import Flask


class KeptApp:
    """Its addresses and views stay; extensions, configuration and the folder of static files begin anew.

    A test that adds views needs an application of its own: Flask refuses new views after the first request.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._config, self._extensions = dict(app.config), dict(app.extensions)
        self._static = app.static_folder

    def anew(self, **extensions: Any) -> Flask:
        """The application as it was made, but for these extensions."""
        for kept, first in ((self._app.config, self._config), (self._app.extensions, self._extensions)):
            kept.clear()
            kept.update(first)
        self._app.extensions.update(extensions)
        self._app.static_folder = self._static
        return self._app
