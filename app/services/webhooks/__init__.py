"""Outbound webhooks: events are handed out to those who follow them, in order per card, at least once.

`fanout` makes a message of each event for each endpoint, `deliver` brings them there, `endpoints` and
`replaying` are what people and programs may do with them.
"""
