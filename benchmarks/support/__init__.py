"""What several benchmarks share: filled databases, figures, the machine."""
