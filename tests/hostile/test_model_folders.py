"""Model folders from somebody else: nothing hangs, nothing of theirs is run, and what is refused is named."""

import json
import os
import pickle
import shutil

import pytest

from seatrial import Turn
from seatrial.errors import SeatrialError

from .limits import in_time

pytestmark = pytest.mark.slow


class Runs:
    """What runs a command where it is unpickled."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return os.mkdir, (str(self.proof),)


def changed(name, **values):
    def harm(folder, proof):
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return harm


def text(name, said):
    return lambda folder, proof: (folder / name).write_text(said)


def without(*names):
    def harm(folder, proof):
        for name in names:
            (folder / name).unlink(missing_ok=True)

    return harm


def fifo(name):
    def harm(folder, proof):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return harm


def linked(name, to):
    def harm(folder, proof):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)

    return harm


def pickled(name):
    def harm(folder, proof):
        for path in folder.glob("*.safetensors"):
            path.unlink()
        (folder / name).write_bytes(pickle.dumps(Runs(proof)))

    return harm


def grown(folder, proof):
    step = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
    changed("tokenizer.json", normalizer={"type": "Sequence", "normalizers": [step] * 40})(folder, proof)


def template(source):
    def harm(folder, proof):
        (folder / "chat_template.jinja").unlink(missing_ok=True)
        changed("tokenizer_config.json", chat_template=source)(folder, proof)

    return harm


def custom(folder, proof):
    (folder / "modeling_x.py").write_text(f"import os\nos.mkdir({str(proof)!r})\nclass X: pass\n")
    changed(
        "config.json", auto_map={"AutoModelForCausalLM": "modeling_x.X", "AutoConfig": "modeling_x.X"}, model_type="x"
    )(folder, proof)


def custom_tokenizer(folder, proof):
    (folder / "tokenization_x.py").write_text(f"import os\nos.mkdir({str(proof)!r})\nclass X: pass\n")
    changed("tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_x.X", None]}, tokenizer_class="X")(
        folder, proof
    )


def header(length):
    return lambda folder, proof: (folder / "model.safetensors").write_bytes(length.to_bytes(8, "little") + b"{" * 100)


LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"
DOUBLES = "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}"

HARMS = {
    "10⁹ layers": changed("config.json", num_hidden_layers=10**9),
    "10¹² words": changed("config.json", vocab_size=10**12),
    "10⁹ heads": changed("config.json", num_attention_heads=10**9),
    "a negative size": changed("config.json", hidden_size=-1),
    "no number": changed("config.json", num_hidden_layers="many"),
    "no config": without("config.json"),
    "a config that is none": text("config.json", "[" * 100_000),
    "an empty config": text("config.json", ""),
    "a FIFO for a config": fifo("config.json"),
    "an endless config": linked("config.json", "/dev/zero"),
    "a FIFO for a tokenizer": fifo("tokenizer.json"),
    "an endless tokenizer": linked("tokenizer.json", "/dev/zero"),
    "a FIFO for tokenizer_config": fifo("tokenizer_config.json"),
    "a FIFO for weights": fifo("model.safetensors"),
    "endless weights": linked("model.safetensors", "/dev/zero"),
    "a header beyond the file": header(1 << 62),
    "a header that is none": header(100),
    "pickled weights": pickled("pytorch_model.bin"),
    "code for the model": custom,
    "code for the tokenizer": custom_tokenizer,
    "a tokenizer that grows text": grown,
    "a template of loops in loops": template(LOOPS),
    "a template that doubles": template(DOUBLES),
    "a template that pads": template("{{ 'a'.ljust(10**10) }}"),
    "a template that multiplies": template("{{ 'a' * 10**10 }}"),
    "a template that recurses": template("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
    "a template that reads files": template("{% include '/etc/passwd' %}"),
    "a template that climbs": template("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    "a template that is none": template("{% for %}"),
    "a template of a megabyte": template("{{ 1 }}" * 300_000),
    "a template in ranges": template("{% for i in range(10**12) %}{% endfor %}"),
}
"""What is wrong with a folder, by what it does to one that is whole."""


def met(folder, proof, cache, loader, resolve):
    """What came of resolving, opening the tokenizer and rendering; "" where it is an error of ours, or works."""
    try:
        with in_time(60):
            target = resolve(loader, folder, "path:model", cache)
            tokenizer = loader.tokenizer(target)
            list(tokenizer.count_tokens([[Turn("user", "aaaa"), Turn("assistant", "b")]], [()]))
            with loader.open(target):
                pass
    except SeatrialError as error:
        said = "" if error.exit_code in {2, 3} else f"exit code {error.exit_code}"
    except BaseException as error:
        said = f"{type(error).__name__}: {str(error)[:200]}"
    else:
        said = "it was taken"
    return "it ran code" if proof.exists() else said


def test_hostile_model_folders_are_refused(tiny_target, tmp_path, resolve, attempts):
    from seatrial_plugins.huggingface import transformers

    count = attempts("model folders")
    whole = shutil.copytree(tiny_target.folder, tmp_path / "whole")
    assert met(whole, tmp_path / "proof", tmp_path / "cache", transformers(device="cpu"), resolve) == "it was taken"
    for place, (name, harm) in enumerate(HARMS.items()):
        folder = shutil.copytree(tiny_target.folder, tmp_path / str(place) / "model")
        harm(folder, tmp_path / "ran")
        count.note(name, met(folder, tmp_path / "ran", tmp_path / "cache", transformers(device="cpu"), resolve))
