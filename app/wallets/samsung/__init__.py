"""Samsung Wallet: cards that Samsung fetches from us, told apart by one word in the registry."""
