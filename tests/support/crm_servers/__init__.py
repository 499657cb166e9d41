"""CRMs across the wire, as far as our connectors call them."""
