"""One LoRA training: from a job to an adapter on disk."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.runs.store import digest_json
from seatrial.training import Trained, TrainingJob
from seatrial_plugins.huggingface.runtime import ChatTokenizer, LoadOptions, choose_device, load_network
from seatrial_plugins.training.adapting import adapt
from seatrial_plugins.training.arguments import training_arguments
from seatrial_plugins.training.checkpoints import newest_checkpoint
from seatrial_plugins.training.engine import Engine, Work, check_adapter, trainable
from seatrial_plugins.training.examples import Example, Examples, masked_example, render_examples
from seatrial_plugins.training.facts import training_facts
from seatrial_plugins.training.graphs import Shape, worth_graphing
from seatrial_plugins.training.options import LoraOptions
from seatrial_plugins.training.plan import Plan, plan_steps, split_batch
from seatrial_plugins.training.validation import History

__all__ = ["LoraTraining"]

_LOADER_KEYS = frozenset(field.name for field in dataclasses.fields(LoadOptions))


class LoraTraining:
    """What `LoraTrainer.train` does with one job."""

    def __init__(self, options: LoraOptions, job: TrainingJob) -> None:
        self.options = options
        self.job = job

    def run(self) -> Trained:
        """Train to the end and write the adapter."""
        job = self.job
        started = time.perf_counter()
        loader = LoadOptions(**{key: value for key, value in job.loader.items() if key in _LOADER_KEYS})  # type: ignore[arg-type]  # checked by the host
        chat = ChatTokenizer(job.model.folder, chat=loader.chat, system=loader.system)
        examples = render_examples(job.train, chat, self.options.max_length)
        if not examples.examples:
            raise TrainingError("there are no train rows; look at the ledger for what dropped them")
        validation = render_examples(job.validation, chat, self.options.max_length)
        engine = self._engine(loader, examples, validation)
        resumed = newest_checkpoint(job.checkpoints, engine.work.fingerprint)
        first = int(resumed.name.rpartition("-")[2]) if resumed else 0
        if resumed is not None:
            engine.take_up(History.load(resumed), first)
        loaded = time.perf_counter()
        # One that was killed after its early stop has nothing left to do but to write the best adapter.
        if not engine.exhausted:
            engine.train(resume_from_checkpoint=str(resumed) if resumed else None)
        seconds = time.perf_counter() - loaded
        self._finish(engine)
        facts = training_facts(
            engine, examples, validation, first_step=first, seconds=seconds, seconds_before=loaded - started
        )
        facts["masked_example"] = masked_example(examples.examples[0], chat)
        facts["options"] = dataclasses.asdict(self.options)
        return Trained(job.output, "lora", facts)

    def _engine(self, loader: LoadOptions, examples: Examples, validation: Examples) -> Engine:
        from transformers import set_seed

        options, job = self.options, self.job
        if loader.dtype == "float16":
            raise UsageError(
                "model.dtype: LoRA is not trained in float16, whose gradients underflow; say bfloat16 or float32"
            )
        network, packs = load_network(job.model.folder, loader)
        set_seed(job.seed)
        adapted = adapt(network, options)
        on_cpu = choose_device(loader.device).type == "cpu"
        world = _processes()
        plan = plan_steps(
            len(examples.examples),
            rows_per_step=options.batch_size * options.gradient_accumulation * world,
            epochs=options.epochs,
            seed=job.seed,
        )
        stopping = options.early_stopping if validation.examples else None
        every = (stopping.every if stopping and stopping.every else plan.steps_per_epoch) if validation.examples else 0
        fingerprint = digest_json(
            {
                "options": dataclasses.asdict(options),
                "loader": dataclasses.asdict(loader),
                "model": job.model.digest,
                "seed": job.seed,
                "world": world,
                "rows": [example.ids for example in examples.examples],
                "validation": [example.ids for example in validation.examples],
            }
        )
        work = Work(
            examples.examples,
            validation.examples,
            plan,
            rows=options.batch_size,
            tokens=loader.batch_tokens,
            packs=packs,
            evaluate_every=every,
            patience=stopping.patience if stopping else 0,
            graphs=self._graphs(network, examples.examples, plan, loader.batch_tokens)
            if packs and not on_cpu
            else frozenset(),
            fingerprint=fingerprint,
            log=job.log,
        )
        arguments = training_arguments(
            options,
            folder=job.checkpoints,
            steps=len(plan.steps),
            seed=job.seed,
            save_every=options.save_every or max(1, -(-len(plan.steps) // 5)),
            on_cpu=on_cpu,
        )
        return Engine(adapted, arguments, work)

    def _graphs(self, network: Any, examples: Sequence[Example], plan: Plan, tokens: int) -> frozenset[Shape]:
        """The passes worth a CUDA graph: on one CUDA device, with nothing recomputed in the backward pass."""
        options = self.options
        device = next(network.parameters()).device
        if device.type != "cuda" or _processes() > 1 or options.gradient_checkpointing:
            return frozenset()
        steps = ([examples[index] for index in step] for step in plan.steps)
        passes = (part for step in steps for part in split_batch(step, rows=options.batch_size, tokens=tokens))
        return worth_graphing(sum(parameter.numel() for parameter in network.parameters()), passes)

    def _finish(self, engine: Engine) -> None:
        """Put the best adapter in place, prove that it is finite and does something, and write it.

        Raises:
            TrainingError: it is not, or does nothing.
        """
        network = engine.accelerator.unwrap_model(engine.model)
        if engine.work.patience and engine.history.best is not None:
            parameters = trainable(network)
            with torch.no_grad():
                for name, tensor in engine.history.best.items():
                    parameters[name].copy_(tensor)
        adapter = trainable(network)
        check_adapter(adapter, "the end")
        if not any(bool(tensor.any()) for name, tensor in adapter.items() if "lora_B" in name):
            raise TrainingError(
                "the adapter changes nothing: its B matrices are all zero; raise train.lr or train.epochs"
            )
        if engine.is_world_process_zero():
            config = network.peft_config["default"]
            config.base_model_name_or_path = self.job.model.address
            config.inference_mode = True
            if isinstance(config.target_modules, set):  # written in the order of this process's hashes otherwise
                config.target_modules = sorted(config.target_modules)
            # Embeddings are never trained here; "auto" would look for the base model on the hub.
            network.save_pretrained(str(self.job.output), safe_serialization=True, save_embedding_layers=False)
            (self.job.output / "README.md").unlink(
                missing_ok=True
            )  # a form without entries; the model card is a report


def _processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))
