"""Files in bulk as work that is done behind everything else: kept in stretches, done once, resumed where a
crash stopped it.
"""
