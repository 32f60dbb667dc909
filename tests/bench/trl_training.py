"""TRL's arm of the training speed: its SFTTrainer on the same tokens, as fast as it goes or as it comes."""

from __future__ import annotations

import argparse
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from seatrial import LocalWeights, Row
from seatrial_plugins import huggingface

if TYPE_CHECKING:
    from tests.bench.training_speed import Arm


def by_trl(
    name: str, arm: Arm, rows: list[Row], folder: Path, scratch: Path, given: argparse.Namespace, tokens: int
) -> list[dict[str, float]]:
    """TRL's SFTTrainer on the same tokens, without recomputing; its step is as many rows as ours, as near as packing allows."""
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AttentionInterface, AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from seatrial_plugins.huggingface.runtime import render_examples

    plain = name == "trl-plain"
    AttentionInterface.register("bench_varlen", varlen_for_trl)
    on_gpu = torch.cuda.is_available()
    attention = "sdpa" if plain else "bench_varlen"
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation=attention)
    network = network.to("cuda" if on_gpu else "cpu")
    target = LocalWeights("path:8b", folder, "0" * 64, {})
    chat = huggingface.transformers(dtype="bfloat16").trainable(target).chat  # type: ignore[attr-defined]
    columns = []
    for example in render_examples(rows, chat, 4096).examples:
        wanted = set(example.targets)
        labels = [token if place in wanted else -100 for place, token in enumerate(example.ids)]
        columns.append({"input_ids": list(example.ids), "labels": labels})
    mean = sum(len(one["input_ids"]) for one in columns) / len(columns)
    told = {
        "output_dir": str(scratch),
        "max_length": 4096 if plain else tokens,
        "packing": not plain,
        "per_device_train_batch_size": 12 if plain else 1,
        "gradient_accumulation_steps": 1 if plain else max(1, round(arm.rows(given.rows) * mean / tokens)),
        "num_train_epochs": 1,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "constant",
        "optim": "adamw_torch_fused",
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "gradient_checkpointing": False,
        "use_liger_kernel": on_gpu,
        "bf16": on_gpu,
        "use_cpu": not on_gpu,
        "seed": 0,
        **({"train_sampling_strategy": "group_by_length"} if plain else {}),
        **({"max_steps": given.steps} if plain else {}),
    }
    config = LoraConfig(
        r=16, lora_alpha=32, target_modules=["q_proj", "v_proj"] if arm.targets == "qv" else arm.targets
    )
    adapted = get_peft_model(network, config, autocast_adapter_dtype=plain)
    steps: list[dict[str, float]] = []
    collated, read, clock = deque[int](), [0], [time.perf_counter()]

    class Clock(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_named: Any) -> None:
            del args, state, control
            if "loss" in logs:
                now = time.perf_counter()
                rate = read[0] / (now - clock[0])
                read[0], clock[0] = 0, now
                steps.append({"loss": logs["loss"], "grad_norm": logs["grad_norm"], "tokens_per_second": rate})

    tokenizer = AutoTokenizer.from_pretrained(folder)
    trainer = SFTTrainer(
        adapted, SFTConfig(**told), train_dataset=Dataset.from_list(columns), processing_class=tokenizer
    )
    collate, plain_step = trainer.data_collator, trainer.training_step

    def counting(batch: list[dict[str, Any]]) -> Any:
        collated.append(sum(len(one["input_ids"]) for one in batch))  # ahead of the step that reads it
        return collate(batch)

    def step(*arguments: Any, **named: Any) -> Any:
        read[0] += collated.popleft()
        return plain_step(*arguments, **named)

    trainer.data_collator, trainer.training_step = counting, step
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    trainer.train()
    return steps


def varlen_for_trl(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **named: Any
) -> tuple[torch.Tensor, None]:
    """What TRL's collator tells of packed rows, given to torch's kernel."""
    from torch.nn.attention.varlen import varlen_attn

    del module, attention_mask
    if query.device.type == "cpu":
        from seatrial_plugins.huggingface.varlen import Varlen, varlen_attention

        told = (named["cu_seq_lens_q"], named["cu_seq_lens_k"], named["max_length_q"], named["max_length_k"])
        return varlen_attention(query, key, value, Varlen(*told, 0, 0, None), scale=scaling or 1.0), None
    q, k, v = (part[0].transpose(0, 1) for part in (query, key, value))
    ends = (named["cu_seq_lens_q"], named["cu_seq_lens_k"], int(named["max_length_q"]), int(named["max_length_k"]))
    return varlen_attn(q, k, v, *ends, scale=scaling, window_size=(-1, 0))[None], None
