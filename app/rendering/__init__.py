"""Pictures: everything that is drawn, from uploads to stamps. Knows the domain's values and no wallet."""
