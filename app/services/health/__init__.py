"""Looking for trouble before a customer finds it: in our own database, and from outside."""
