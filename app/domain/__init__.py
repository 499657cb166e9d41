"""What a loyalty card is and what its rules decide: values in, decisions out; no clock, no database, no
network.
"""
