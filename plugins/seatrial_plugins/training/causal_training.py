"""One training of a causal language model: from a job to a product on disk, whatever of it is trained."""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.model import ProductKind
from seatrial.rows import Rows
from seatrial.runs.store import digest_json
from seatrial.training import Trained, TrainingJob
from seatrial_plugins.huggingface.runtime import (
    ChatTokenizer,
    Example,
    Examples,
    SoftPrompt,
    TrainableNetwork,
    behind,
    choose_device,
    masked_example,
    no_progress_bars,
    render_examples,
    telling,
)
from seatrial_plugins.training.arguments import training_arguments
from seatrial_plugins.training.checkpoints import newest_checkpoint
from seatrial_plugins.training.compiled_layers import compile_layers, worth_compiling
from seatrial_plugins.training.engine import Engine, Work, check_weights, trainable
from seatrial_plugins.training.facts import training_facts
from seatrial_plugins.training.forms import forms_of
from seatrial_plugins.training.fp8 import gradient_error
from seatrial_plugins.training.graphs import Shape, worth_graphing
from seatrial_plugins.training.group import present
from seatrial_plugins.training.loss import Objective, TokenLoss
from seatrial_plugins.training.memory import expand_segments
from seatrial_plugins.training.method import Lora
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.plan import Plan, plan_steps, shares, split_batch
from seatrial_plugins.training.sharding import shard_frozen
from seatrial_plugins.training.validation import History

__all__ = ["CausalTraining", "PutOn", "Tuning"]


_TRIED = 4096
"""Tokens of the pass in which float8 is held against bfloat16."""


class Tuning(Protocol):
    """Which weights are trained, and what becomes of them."""

    name: str
    product: ProductKind
    options: TrainingOptions
    replays: bool
    """Whether its passes may be replayed as CUDA graphs."""
    dtype: str | None
    """Of the weights while they are trained; None takes the loader's."""
    opening: int
    """How many vectors stand before each row (`SoftPrompt`)."""

    def attach(self, network: Any) -> Any:
        """The network, with just those weights trainable that are trained."""
        ...

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write the product; refuse one that changes nothing, with a TrainingError."""
        ...


class PutOn(Tuning, Protocol):
    """Layers beside the weights, which fit a model or don't."""

    def put_on(self, network: Any) -> Any:
        """Put fresh layers onto a network, or onto its shape alone.

        Raises:
            UsageError: it has no modules of the names that the options give.
        """
        ...


class CausalTraining:
    """What a method's `train` does with one job."""

    def __init__(self, tuning: Tuning, job: TrainingJob) -> None:
        self.tuning = tuning
        self.options = tuning.options
        self.job = job
        self.engine: Callable[[Any, Any, Work], Any] = Engine
        """What the network, the Trainer's arguments and the work are handed to."""
        self.on_cpu: Callable[[str], bool] = _is_cpu
        """Whether a device of that name, as the loader is told, is this machine's processor."""
        self.group = present()
        """The processes that share it."""

    def run(self) -> Trained:
        """Train to the end and write the product.

        Raises:
            TrainingError: the device has no room for it, or what else `CausalMethod.train` says.
        """
        trained, said = None, ""
        try:
            trained = self._run()
        except torch.OutOfMemoryError as error:
            said = str(error).partition(". ")[0]
        # Only here is what the training held let go of; network and Trainer hold each other, so it takes a collection.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if trained is not None:
            return trained
        raise TrainingError(f"it takes more memory than the device has: {said}; `seatrial plan` tells what fits")

    def _run(self) -> Trained:
        job = self.job
        started = time.perf_counter()
        model = trainable_network(job, self.tuning.name)
        chat = model.chat
        examples = self._rendered(job.train, chat)
        if not examples.examples:
            raise TrainingError("there are no train rows; look at the ledger for what dropped them")
        validation = self._rendered(job.validation, chat)
        engine: Engine = self.set_up(model, examples, validation)
        resumed = self._newest_checkpoint(engine.work.fingerprint)
        first = int(resumed.name.rpartition("-")[2]) if resumed else 0
        if resumed is not None:
            engine.take_up(History.load(resumed), first)
        loaded = time.perf_counter()
        # One that was killed after its early stop has nothing left to do but to write the best weights.
        if not engine.exhausted:
            with no_progress_bars():  # of each checkpoint's shards
                engine.train(resume_from_checkpoint=str(resumed) if resumed else None)
        seconds = time.perf_counter() - loaded
        self._finish(engine)
        facts = training_facts(
            engine,
            self.options,
            examples,
            validation,
            first_step=first,
            seconds=seconds,
            seconds_before=loaded - started,
        )
        facts |= self._told(engine, examples, chat)
        facts["options"] = dataclasses.asdict(self.options)
        return Trained(self.tuning.product, facts)

    def _told(self, engine: Engine, examples: Examples, chat: ChatTokenizer) -> dict[str, object]:
        """Facts beside those of every training."""
        del engine
        shown = telling(examples.examples)
        return {"masked_examples": [_shown(one, chat) for one in shown]}

    def _loaded(self, model: TrainableNetwork, examples: Examples, validation: Examples) -> tuple[Any, Objective]:
        """The network as it comes, and what is made small."""
        del examples, validation
        network, packs = model.load(self.tuning.dtype)
        return network, TokenLoss(packs, model.chat.images)

    def _rendered(self, rows: Rows, chat: ChatTokenizer) -> Examples:
        """The rows, cut where vectors before them leave no place."""
        longest, opening = self.options.max_length, self.tuning.opening
        if opening:
            longest = min(longest, chat.context or longest) - opening
        taught = (row.with_turns(self.options.taught(row.turns)) for row in rows)
        return render_examples(taught, chat, longest)

    def rendered(self, chat: ChatTokenizer) -> tuple[Examples, Examples]:
        """The train and the validation rows."""
        return self._rendered(self.job.train, chat), self._rendered(self.job.validation, chat)

    def set_up(self, model: TrainableNetwork, examples: Examples, validation: Examples) -> Any:
        """The engine, ready to train."""
        from transformers import set_seed

        options, job, loader = self.options, self.job, model.options
        if loader.dtype == "float16":
            raise UsageError(
                f"model.dtype: {self.tuning.name} is not trained in float16, whose gradients underflow; say bfloat16 or "
                "float32"
            )
        network, objective = self._loaded(model, examples, validation)
        set_seed(job.seed)
        adapted = self.laid_out(self.tuning.attach(network))
        opening = _opening(adapted) if self.tuning.opening else ()
        train = [behind(opening, example) for example in examples.examples]
        on_cpu = self.on_cpu(loader.device)
        plan = plan_steps(
            len(examples.examples),
            rows_per_step=options.batch_size * options.gradient_accumulation,
            epochs=options.epochs,
            seed=job.seed,
        )
        stopping = options.stopping if validation.examples else None
        every = (stopping.every if stopping and stopping.every else plan.steps_per_epoch) if validation.examples else 0
        fingerprint = digest_json(
            {
                "method": self.tuning.name,
                "options": dataclasses.asdict(options),
                "loader": dataclasses.asdict(loader),
                "model": job.target.digest,
                "seed": job.seed,
                "rows": list(map(_identity, examples.examples)),
                "validation": list(map(_identity, validation.examples)),
            }
        )
        graphs = (
            self._graphs(network, train, plan, loader.batch_tokens)
            if objective.packs and not on_cpu and self.tuning.replays
            else frozenset()
        )
        work = Work(
            train,
            [behind(opening, example) for example in validation.examples],
            plan,
            rows=options.batch_size,
            tokens=loader.batch_tokens,
            objective=objective,
            evaluate_every=every,
            patience=stopping.patience if stopping else 0,
            remedy=options.remedy if validation.examples else None,
            tight=isinstance(objective, TokenLoss) and objective.packs and not graphs and forms_of(adapted).varlen,
            graphs=graphs,
            fingerprint=fingerprint,
            log=job.log,
            group=self.group,
            stages=frozenset(math.ceil(share * len(plan.steps)) for share in job.stages),
        )
        compiles = self.compiles(adapted, work)
        work = replace(work, fp8=self.in_fp8(adapted, work))
        if compiles:
            work = replace(work, compiled_layers=self.compiled(adapted, work))
        arguments = training_arguments(
            options,
            folder=job.checkpoints,
            steps=len(plan.steps),
            seed=job.seed,
            save_every=options.save_every or max(1, -(-len(plan.steps) // 5)),
            on_cpu=on_cpu,
            saves=self.group.first,
        )
        return self.engine(adapted, arguments, work)

    def laid_out(self, network: Any) -> Any:
        """The network, its frozen weights laid over the processes where they share them."""
        if self.group.sharded:
            shard_frozen(network, self.group.world)
        return network

    def _newest_checkpoint(self, fingerprint: str) -> Path | None:
        """The checkpoint to go on from: the first process looks for it, and all read it.

        Raises:
            TrainingError: a process on another host does not see it.
        """
        found: Path | None = self.group.told(
            newest_checkpoint(self.job.checkpoints, fingerprint) if self.group.first else None
        )
        seen = self.group.gathered(found is None or found.is_dir())
        if not all(seen):
            raise TrainingError(
                f"process {seen.index(False)} of {len(seen)} does not see {found}, from which the training is to go on: put `--runs` "
                "on a file system that all hosts share"
            )
        return found

    def _graphs(self, network: Any, examples: Sequence[Example], plan: Plan, tokens: int) -> frozenset[Shape]:
        """The passes of this process worth a CUDA graph: on a CUDA device that holds the weights, with nothing recomputed."""
        options = self.options
        device = next(network.parameters()).device
        if device.type != "cuda" or self.group.sharded or options.gradient_checkpointing:
            return frozenset()
        steps = (self._own([examples[index] for index in step]) for step in plan.steps)
        passes = (part for step in steps for part in split_batch(step, rows=options.batch_size, tokens=tokens))
        return worth_graphing(sum(parameter.numel() for parameter in network.parameters()), passes)

    def _own(self, batch: Sequence[Example]) -> Sequence[Example]:
        """This process's share of a step."""
        places = shares([len(example.ids) for example in batch], self.group.world)[self.group.rank]
        return [batch[place] for place in places]

    def compiles(self, network: Any, work: Work) -> bool:
        """Whether to compile the layers: on a GPU, with nothing recomputed, where asked or in a training that lasts."""
        if not work.tight or self.options.gradient_checkpointing or self.tuning.opening:
            return False
        expand_segments()
        # With sharded weights only where asked: what compiling gains there was never measured.
        if self.options.compile is not None or self.group.sharded:
            return bool(self.options.compile)
        return worth_compiling(network, sum(len(work.examples[at].ids) for step in work.plan.steps for at in step))

    def compiled(self, network: Any, work: Work) -> int:
        """How many layers were compiled."""
        return compile_layers(network, lambda: _gradients(network, work), around_hooks=not self.group.sharded)

    def in_fp8(self, network: Any, work: Work) -> dict[str, object] | None:
        """What the option `fp8` does to the gradients of the first pass; None without it."""
        if not (isinstance(self.options, Lora) and self.options.fp8):
            return None
        if not work.objective.packs or next(network.parameters()).dtype != torch.bfloat16:
            raise UsageError("train.fp8: takes a bfloat16 model with `attention: auto` (model.dtype: bfloat16)")
        # Few tokens: nothing is compiled yet, so each keeps more memory than it will.
        return gradient_error(network, lambda: _gradients(network, replace(work, tokens=min(work.tokens, _TRIED))))

    def _finish(self, engine: Engine) -> None:
        """Put the best weights in place, prove that they are finite and do something, and write them.

        Raises:
            TrainingError: they are not, or do nothing, or those that shared the training do not have the same.
        """
        network = engine.accelerator.unwrap_model(engine.model)
        if engine.work.keeps_best and engine.history.best is not None:
            parameters = trainable(network)
            with torch.no_grad():
                for name, tensor in engine.history.best.items():
                    parameters[name].copy_(tensor)
        trained = trainable(network)
        check_weights(trained, "the end")
        sums = [tensor.sum() for tensor in trained.values()]
        if self.group.world > 1 and len(set(map(tuple, self.group.gathered(torch.stack(sums).tolist())))) > 1:
            raise TrainingError("the processes that shared the training hold different weights at its end")
        if self.group.first:
            with no_progress_bars():
                self.tuning.write(network, self.job)


def trainable_network(job: TrainingJob, method: str) -> TrainableNetwork:
    """The model as transformers has it.

    Raises:
        UsageError: its loader gives one of another runtime.
    """
    model: object = job.model
    if not isinstance(model, TrainableNetwork):
        raise UsageError(
            f"train.method: {method} trains PyTorch modules of transformers, and {job.target.address} was opened by a loader of "
            f"the runtime {job.model.runtime!r}; take another loader or method"
        )
    if model.chat.images is not None:
        model.chat.images.look_in(job.images)
    return model


def _shown(example: Example, chat: ChatTokenizer) -> dict[str, object]:
    """An example for reviewers: its text in stretches, and the digests of its pictures."""
    pictures = {"pictures": [image.digest for image in example.images]} if example.images else {}
    return {"row": example.row, "pieces": masked_example(example, chat), **pictures}


def _identity(example: Example) -> object:
    """What a checkpoint must have been trained on to be taken up."""
    return [example.ids, [image.digest for image in example.images]] if example.images else example.ids


def _is_cpu(device: str) -> bool:
    return choose_device(device).type == "cpu"


def _gradients(network: Any, work: Work) -> dict[str, torch.Tensor]:
    """Of the first pass, which is tried and not taken."""
    network.train()
    first = work.passes([work.examples[place] for place in work.plan.steps[0]])[0]
    device, parameters = next(network.parameters()).device, trainable(network)
    # What dropout draws here, it would not have drawn.
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        loss = work.objective.summed(network, first, device)
        return dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))


def _opening(network: Any) -> tuple[int, ...]:
    """The tokens that stand for the vectors of a soft prompt."""
    prompt = network.get_input_embeddings()
    assert isinstance(prompt, SoftPrompt)  # as `put_before` leaves it
    return prompt.ids
