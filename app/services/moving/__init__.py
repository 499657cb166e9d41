"""Members, cards and balances as files: one format for what comes in and what goes out (docs/moving.md)."""
