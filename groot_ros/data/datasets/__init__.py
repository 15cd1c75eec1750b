"""Datasets: episodes cut out of bags, written and read in the formats that policies learn from.

`episode` holds what passes between all parts of the room; parts that need pyarrow or av are
imported where they are used.
"""
