"""Fuzzed files: made, broken, packed, read through all data stages, and tallied.

    values.py      what may stand in a record: any value, records of every layout
    formats.py     records as the bytes of a file, one function a format
    tables.py      the same for Parquet, whose columns have types
    damage.py      ways to break bytes
    packing.py     compression, whole and broken
    files.py       all of it together: a file, and what is known of it
    passage.py     one file on its way through the data stages, and what became of it
    tally.py       what became of all of them

`tests/bench/fuzz_readers.py` is the script.
"""
