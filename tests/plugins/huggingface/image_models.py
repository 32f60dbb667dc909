"""Small models that are shown pictures, of several architectures, with random weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import seatrial_suites

__all__ = ["SHAPE", "write_shape"]

SHAPE = Path(seatrial_suites.__file__).parent / "tiny_idefics3"

_TEXT = {
    "vocab_size": 268,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 2,
}
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 4,
    "initializer_range": 0.2,
}
_SIZED = {"do_resize": True, "do_rescale": True, "do_normalize": True, "size": {"height": 16, "width": 16}}


def write_shape(architecture: str, folder: Path) -> Path:
    """Config, tokenizer and processor of a tiny model; weights are the loader's affair."""
    if architecture == "idefics3":
        return shutil.copytree(SHAPE, folder)
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(SHAPE / name, folder / name)
    config, processor, prepares = {"llava": _LLAVA, "gemma3": _GEMMA3, "mllama": _MLLAMA}[architecture]
    for name, said in (("config", config), ("processor_config", processor), ("preprocessor_config", prepares)):
        (folder / f"{name}.json").write_text(json.dumps(said))
    if architecture == "mllama":
        told = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        tokens = {"bos_token": "<|pad|>", "extra_special_tokens": {"image_token": "<image>"}}
        (folder / "tokenizer_config.json").write_text(json.dumps({**told, **tokens}))
    if architecture == "gemma3":
        _with_gemma_tokens(folder)
    return folder


_LLAVA = (
    {
        "model_type": "llava",
        "architectures": ["LlavaForConditionalGeneration"],
        "image_token_index": 3,
        "image_token_id": 3,
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "default",
        "text_config": {"model_type": "llama", **_TEXT},
        "vision_config": {"model_type": "clip_vision_model", **_VISION},
    },
    {
        "processor_class": "LlavaProcessor",
        "patch_size": 4,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,
        "image_token": "<image>",
    },
    {"image_processor_type": "CLIPImageProcessor", **_SIZED, "do_center_crop": False},
)
_GEMMA3 = (
    {
        "model_type": "gemma3",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "image_token_index": 3,
        "image_token_id": 3,
        "boi_token_index": 264,
        "boi_token_id": 264,
        "eoi_token_index": 265,
        "eoi_token_id": 265,
        "mm_tokens_per_image": 4,
        "text_config": {"model_type": "gemma3_text", **_TEXT, "sliding_window": 256},
        "vision_config": {"model_type": "siglip_vision_model", **_VISION},
    },
    {"processor_class": "Gemma3Processor", "image_seq_length": 4},
    {"image_processor_type": "Gemma3ImageProcessor", **_SIZED},
)
_MLLAMA = (
    {
        "model_type": "mllama",
        "architectures": ["MllamaForConditionalGeneration"],
        "image_token_index": 3,
        "text_config": {"model_type": "mllama_text_model", **_TEXT, "bos_token_id": 1, "cross_attention_layers": [1]},
        "vision_config": {
            "model_type": "mllama_vision_model",
            **{name: value for name, value in _VISION.items() if "num" not in name},
            "num_hidden_layers": 1,
            "num_global_layers": 1,
            "attention_heads": 2,
            "vision_output_dim": 32,
            "supported_aspect_ratios": [[1, 1]],
            "max_num_tiles": 1,
        },
    },
    {"processor_class": "MllamaProcessor"},
    {"image_processor_type": "MllamaImageProcessor", **_SIZED, "max_image_tiles": 1},
)


def _with_gemma_tokens(folder: Path) -> None:
    """What stands around a picture, in which places the template writes, and what the processor calls them."""
    known = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    plain = known["added_tokens"][0]
    for number, token in ((264, "<start_of_image>"), (265, "<end_of_image>")):
        known["added_tokens"].append({**plain, "id": number, "content": token})
    (folder / "tokenizer.json").write_text(json.dumps(known), encoding="utf-8")
    said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    tokens = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**said, **tokens, "extra_special_tokens": tokens}))
    template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template.replace("<image>", "<start_of_image>"), encoding="utf-8")
