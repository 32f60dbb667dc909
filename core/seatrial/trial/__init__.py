"""A run: from a checked suite to stages, one after the other, into a run folder.

run           `run`, the loop over the stages
plan          a suite becomes stages; `stages` holds one file for each
workbench     builds the components that a suite names
preflight     what can be checked before a GPU is touched
environment   where it happens, and `manifest`, which records it
saved         a saved run, judged again
"""
