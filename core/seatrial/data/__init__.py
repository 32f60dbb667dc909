"""What happens to rows, whoever gives the reasons.

formats       records become rows
normalise     when two texts count as the same, and `fingerprint`, which rows say the same
policy        findings become actions: the suite's policy; `rewriting` carries out replacements
ledger        what happened to which row, and why
clusters      rows that belong together; `splitting` keeps them together
composition   what train and test hold
table         rows on disk, batch by batch; `lookup`, one of them by its id; `gathering`, other tables that would fill the memory
searching     a split filter's steps in one process; `findings_table`, a million findings in columns
dataset       cleaned rows as files for other programs
"""
