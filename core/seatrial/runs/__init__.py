"""A run: from a checked suite to stages, one after the other, into a run folder.

run           `run`, the loop over the stages
plan          a suite becomes stages; `stages` holds one file for each, and `data_plan` plans those about data
workbench     builds the components that a suite names, each by its `recipe`
suite_filter  a filter as the suite uses it; `sieve` applies what filters found to the rows, and `tally` counts
benchmarks    the items that a component's option names
preflight     what can be checked before a GPU is touched; what it refuses, `readiness` refuses at the start of a run too
environment   where it happens, and `manifest`, which records it
saved         a saved run, judged again
story         what became of one row
"""
