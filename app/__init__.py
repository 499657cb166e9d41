"""Tillpass: loyalty cards in Apple Wallet and Google Wallet, kept true."""
