import subprocess
import sys

import pytest

from seatrial.errors import StageError
from seatrial_plugins.privacy import presidio_import

ON_A_BARE_MACHINE = """
import sys
sys.modules.update(dict.fromkeys(("spacy", "torch", "transformers", "stanza", "gliner"), None))
from seatrial import Row, Turn
from seatrial_plugins.privacy import privacy
text = "ana@b.com 4111 1111 1111 1111 SSN 219 09 9999 NHS 943 476 5919"
rows = [Row("r", (Turn("user", text),), "chat", "s", "f", 1)]
print(sorted(finding.rule for finding in privacy(identifiers=["UK_NHS"]).inspect(rows)))
print([name for name in sys.modules if name.startswith("presidio_analyzer")])
"""

IMPORTED_LATER = """
from seatrial_plugins.privacy import privacy
privacy()
import sys
print([name for name in ("spacy", "torch", "transformers") if name in sys.modules])
sys.modules.update(torch=None, transformers=None)  # it is whole without them, and there sooner
from presidio_analyzer.nlp_engine import NlpArtifacts
print(NlpArtifacts.__init__.__code__.co_argcount)
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_needs_no_spacy_and_leaves_nothing_behind():
    assert run(ON_A_BARE_MACHINE) == ["['card', 'email', 'identifier', 'ssn']", "[]"]


@pytest.mark.slow
def test_nothing_heavy_is_loaded_and_whoever_imports_presidio_later_gets_it_whole():
    heavy, arguments = run(IMPORTED_LATER)
    assert heavy == "[]"
    assert int(arguments) > 1  # a stand-in has object's


def test_without_presidio_the_error_says_what_to_install(monkeypatch):
    presidio_import._import_once.cache_clear()
    for name in [name for name in sys.modules if name.startswith("presidio_analyzer")]:  # another test's, whole
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(StageError, match=r"cannot be imported .*pip install --no-deps presidio-analyzer"):
        presidio_import.import_recognizers()
    presidio_import._import_once.cache_clear()
