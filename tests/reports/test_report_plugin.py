"""The reports come in through the same door as everybody's, and importing them is light."""

import subprocess
import sys

import seatrial_reports


def test_the_kinds_are_registered():
    components = {component.name: component for component in seatrial_reports.seatrial_reports()}
    assert list(components) == ["html", "markdown", "json", "junit", "model_card"]
    for component in components.values():
        assert component.summary
        assert callable(component.build().write)


def test_importing_the_plugin_imports_nothing_heavy():
    code = (
        "import sys, seatrial_reports; list(seatrial_reports.seatrial_reports());"
        "heavy = {'torch', 'transformers', 'datasets', 'scipy', 'numpy', 'pyarrow', 'jinja2', 'rich'};"
        "print(sorted(heavy & {m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_kind_writes_what_it_says(plain_result, tmp_path):
    for component in seatrial_reports.seatrial_reports():
        first, *others = component.build().write(plain_result, tmp_path)
        assert first.parent == tmp_path
        assert component.summary.startswith(first.name)
        assert first.stat().st_size > 500
        assert others == []
