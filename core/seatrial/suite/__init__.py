"""Suite files: read, checked against what is installed, completed with every default.

file             `load_suite`, the way in
yaml_lines       YAML that knows its lines
overrides        `--set a.b=c`
keys             what may stand in a file, beside components' options
options          a component's options, from its builder's signature; `benchmark_keys`, those of a benchmark
engine_keys      those of the engines that filters may work on
strict           what all keys have in common
check            a file held against the installed components: `component_check` and `score_check` do its parts
catalogue        what checking needs to know of the components
complaints       what is wrong, in the words of whoever writes a suite
parts            the checked suite
schema           the JSON Schema of suite files
"""
