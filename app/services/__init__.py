"""Use cases: each is one function and one transaction; none waits for a vendor while a transaction is
open.
"""
