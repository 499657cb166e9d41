"""Apple Wallet: signed passes, the web service that phones ask, and the push that makes them ask."""
