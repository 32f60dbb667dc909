"""Generated texts that hold one personal datum or secret each, and as many that hold what only looks like one.

Everything is made from the public formats (RFC 5322 and 6531, ISO 13616, ISO/IEC 7812, RFC 4291 and 5952, the SSA's
and the national numbering plans, the providers' own token formats), not from any recogniser's pattern. A seed gives the
same texts on every machine.
"""

from privacy_corpus.example import KINDS, Example, data, look_alikes

__all__ = ["KINDS", "Example", "data", "look_alikes"]
