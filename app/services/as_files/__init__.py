"""Programmes and their looks as files: written, read and checked, compared, applied.

A folder a programme, called by its slug: `programme.json`, `design.json` (its published look) and `images/`.
Nothing personal and no secret is in them, so that they can lie in a repository and be reviewed.
"""
