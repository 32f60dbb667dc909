"""The engine: a `transformers.Trainer` that is handed whole optimizer steps."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, ProgressCallback, Trainer, TrainerCallback

from seatrial.errors import TrainingError
from seatrial_plugins.huggingface.runtime import Example
from seatrial_plugins.training.checkpoints import keep_newest, mark_whole
from seatrial_plugins.training.graphs import GraphedPasses, Shape
from seatrial_plugins.training.group import ALONE, Group
from seatrial_plugins.training.loss import Objective
from seatrial_plugins.training.options import OverfitRemedy
from seatrial_plugins.training.overfitting import Overfitting
from seatrial_plugins.training.plan import Plan, shares, split_batch
from seatrial_plugins.training.remedy import go_back
from seatrial_plugins.training.validation import Evaluation, History, validation_losses

__all__ = ["Engine", "Work", "check_weights"]

_TRAINED = "trained.safetensors"
_NAMED = 8
"""Rows that a refused loss names."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the engine is to do."""

    examples: Sequence[Example]
    validation: Sequence[Example]
    plan: Plan
    rows: int
    """Of one forward pass."""
    tokens: int
    """Of one forward pass, at most, beyond one row."""
    objective: Objective
    tight: bool
    """Whether passes are filled for an attention without padding (`split_batch`)."""
    evaluate_every: int
    """Steps between evaluations; 0: none."""
    patience: int
    """Evaluations without improvement before it stops; 0: it never does."""
    remedy: OverfitRemedy | None
    """What is done where it overfits."""
    graphs: frozenset[Shape]
    """The shapes of passes that are replayed as CUDA graphs."""
    fingerprint: str
    log: Callable[[Mapping[str, float]], None]
    compiled_layers: int = 0
    fp8: Mapping[str, object] | None = None
    """What float8 products do to gradients, where they are used."""
    group: Group = ALONE
    """The processes that share it."""
    stages: frozenset[int] = frozenset()
    """Steps after which it is evaluated besides."""

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best evaluation are what training leaves."""
        return bool(self.patience or self.remedy)

    def passes(self, batch: Sequence[Example]) -> list[list[Example]]:
        """The forward passes of a batch."""
        return split_batch(batch, rows=self.rows, tokens=self.tokens, tight=self.tight)

    def taken(self, batch: Sequence[Example]) -> list[list[int]]:
        """Which places of a batch each process takes."""
        return shares([len(example.ids) for example in batch], self.group.world)

    def idle(self, batch: Sequence[Example]) -> int:
        """How many passes this process runs of a batch that count nothing.

        Where weights are sharded a pass gathers those of the other processes, so all run as many.
        """
        if not self.group.sharded:
            return 0
        counts = [len(self.passes([batch[place] for place in places])) if places else 0 for places in self.taken(batch)]
        return max(counts) - counts[self.group.rank]


class Engine(Trainer):
    """Optimizer, schedule, clipping, checkpoints and resume are the Trainer's; steps, loss and validation are ours.

    An item of its data is one optimizer step: the engine splits it into forward passes, divides each pass's summed loss by
    the step's supervised tokens and accumulates. So how a step is cut into passes changes its gradient by rounding only,
    and a resumed training skips whole steps.
    """

    def __init__(self, model: Any, args: Any, work: Work) -> None:
        super().__init__(model=model, args=args, train_dataset=_Steps(work.plan), callbacks=[_Validate(self)])
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.work = work
        self.history = History()
        self._graphs: GraphedPasses | None = None
        self._tokens_since = 0
        self._losses: list[tuple[int, torch.Tensor]] = []
        """Step and loss since the last log: left on the device, since to read one waits for it."""
        self._since_evaluation: list[torch.Tensor] = []
        self._clock = time.perf_counter()

    # ---- steps ----------------------------------------------------------------------------------------------------

    def get_train_dataloader(self) -> DataLoader[int]:
        """The steps' numbers, in order; every process gets all of them and takes its share of each."""
        return DataLoader(_Steps(self.work.plan), batch_size=1, collate_fn=_only, shuffle=False, num_workers=0)

    def get_batch_samples(
        self, epoch_iterator: Any, num_batches: int, *_args: Any, **_kwargs: Any
    ) -> tuple[list[int], None]:
        """The next steps; their tokens are counted by the plan, not here."""
        return [step for _, step in zip(range(num_batches), epoch_iterator, strict=False)], None

    def training_step(self, model: Any, inputs: int, num_items_in_batch: object = None) -> torch.Tensor:
        """Gradients of one optimizer step; the mean loss over what it counts."""
        del num_items_in_batch
        model.train()
        work, device = self.work, self.args.device
        batch = [work.examples[index] for index in work.plan.steps[int(inputs)]]
        counted = sum(map(work.objective.weight, batch))
        own = [batch[place] for place in work.taken(batch)[work.group.rank]]
        self._draw_apart(int(inputs))
        total = torch.zeros((), device=device)
        for index, part in enumerate(work.passes(own) if own else []):
            if (graphed := self._graphed(part, counted, first=not index)) is not None:
                total += graphed
                continue
            total += self._computed(model, part, counted)
        shortest = min(batch, key=lambda example: len(example.ids))
        for _ in range(work.idle(batch)):
            self._computed(model, [shortest], counted, idle=True)
        self._add_up(total)
        self._tokens_since += sum(len(example.ids) for example in batch)
        self._losses.append((int(inputs), total))
        if work.evaluate_every:
            self._since_evaluation.append(total)
        return total

    def _add_up(self, loss: torch.Tensor) -> None:
        """The loss and the gradients of all processes: each divided by what the whole step counts."""
        if self.work.group.world > 1:
            trained = trainable(self.model).values()
            for tensor in trained:
                if tensor.grad is None:
                    tensor.grad = torch.zeros_like(tensor)
            self.work.group.add_up([loss, *(tensor.grad for tensor in trained if tensor.grad is not None)])

    def _draw_apart(self, step: int) -> None:
        """Have dropout draw otherwise in each process, and the same where a training goes on."""
        group = self.work.group
        if group.world > 1:
            torch.manual_seed(((self.args.seed * 1_000_003 + step) * group.world + group.rank) % (1 << 63))

    def _computed(self, model: Any, part: list[Example], counted: int, *, idle: bool = False) -> torch.Tensor:
        """The loss of a pass, detached: a graph can't be recorded while what computed another pass is kept."""
        loss = self.work.objective.summed(model, part, self.args.device) / counted
        self.accelerator.backward(loss * 0 if idle else loss)
        return loss.detach()

    def _graphed(self, part: list[Example], counted: int, *, first: bool) -> torch.Tensor | None:
        """The loss of a pass whose gradients came from a graph; None where it is to be computed."""
        if self.work.graphs and self._graphs is None:
            self._graphs = GraphedPasses(self.model, self.work.graphs, self.args.device)
        return self._graphs.summed_loss(part, counted, first=first) if self._graphs else None

    @property
    def recorded_graphs(self) -> int:
        """How many CUDA graphs passes were replayed from."""
        return self._graphs.recorded if self._graphs else 0

    def floating_point_ops(self, inputs: Any) -> int:
        """Not estimated."""
        del inputs
        return 0

    # ---- what is said ---------------------------------------------------------------------------------------------

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Hand a logging step to the run.

        Raises:
            TrainingError: the loss is NaN or infinite.
        """
        del start_time
        if "loss" not in logs:
            return  # the Trainer's summary at the end
        loss = logs["loss"]
        if not math.isfinite(loss):
            self._refuse_loss(logs.get("learning_rate"))
        self._losses.clear()
        now = time.perf_counter()
        speed = self._tokens_since / max(now - self._clock, 1e-9)
        self._tokens_since, self._clock = 0, now
        values = {"loss": loss, "learning_rate": logs["learning_rate"], "tokens_per_second": speed}
        if math.isfinite(norm := float(logs.get("grad_norm", math.nan))):
            values["grad_norm"] = norm
        self._say(values)

    def _refuse_loss(self, rate: float | None) -> NoReturn:
        """Name the first step since the last log whose loss is not finite, and the rows that it read."""
        found = next(((index, loss) for index, loss in self._losses if not math.isfinite(loss)), None)
        index, loss = found or (self.state.global_step - 1, math.nan)
        read = [self.work.examples[place].row for place in self.work.plan.steps[index]]
        named = ", ".join(read[:_NAMED]) + (f" and {len(read) - _NAMED} more" if len(read) > _NAMED else "")
        raise TrainingError(
            f"the loss is {float(loss)} at step {index + 1} of {self.state.max_steps} (learning rate {rate}), which read the "
            f"rows {named}; lower train.lr, raise train.warmup, or train in float32 (model.dtype)"
        )

    def _say(self, values: Mapping[str, float]) -> None:
        if self.work.group.first:
            step = self.state.global_step
            place = {"step": step, "steps": self.state.max_steps, "epoch": self.work.plan.epoch(step)}
            self.work.log({**place, **values})

    # ---- validation and checkpoints -------------------------------------------------------------------------------

    def take_up(self, history: History, step: int) -> None:
        """Go on from the evaluations of the checkpoint of a step."""
        self.history = history
        self._since_evaluation = [torch.tensor(loss, device=self.args.device) for loss in history.pending]
        self.state.global_step = step

    @property
    def exhausted(self) -> bool:
        """Whether there is nothing more to be had. A checkpoint remembers it; that a callback asked for a stop, it does not."""
        work = self.work
        if work.patience and self.history.exhausted(work.patience):
            return True
        spent = work.remedy is not None and len(self.history.remedies) >= work.remedy.times
        return (
            spent
            and self._overfitting() is not None
            and self.history.remedies[-1].step < self.history.evaluations[-1].step
        )

    def _overfitting(self) -> Overfitting | None:
        return Overfitting.found(self.history, list(map(self.work.objective.weight, self.work.validation)))

    def validate(self) -> bool:
        """Evaluate where the plan says so; whether training should stop.

        Raises:
            TrainingError: the validation loss is NaN or infinite.
        """
        step, work = self.state.global_step, self.work
        due = work.evaluate_every and (
            step % work.evaluate_every == 0 or step == self.state.max_steps or step in work.stages
        )
        if not due or any(step == one.step for one in self.history.evaluations):
            return False
        network = self.accelerator.unwrap_model(self.model)
        eager = torch.compiler.set_stance("force_eager") if work.compiled_layers else contextlib.nullcontext()
        with eager:  # to compile what runs now and then costs more than it gains
            rows = self._validation_rows(network)
        loss = sum(rows) / sum(map(work.objective.weight, work.validation))
        if not math.isfinite(loss):
            raise TrainingError(f"the validation loss is {loss} at step {step}; lower train.lr or raise train.warmup")
        training = float(torch.stack(self._since_evaluation).mean())
        self._since_evaluation.clear()
        self.history.add(Evaluation(step, loss, training), rows, trainable(network) if work.keeps_best else None)
        self._clock = time.perf_counter()
        self._say({"validation_loss": loss})
        if (
            work.remedy is not None
            and len(self.history.remedies) < work.remedy.times
            and (found := self._overfitting())
        ):
            assert self.history.best is not None  # as it is kept
            optimizer, schedule = (getattr(self, name) for name in ("optimizer", "lr_scheduler"))
            optimizer, schedule = getattr(optimizer, "optimizer", optimizer), getattr(schedule, "scheduler", schedule)
            done = go_back(work.remedy, found, trainable(network), self.history.best, optimizer, schedule)
            self.history.remedies.append(done)
        return self.exhausted

    def _validation_rows(self, network: Any) -> list[float]:
        """The loss of each validation row; each process computes its share of them."""
        work, device = self.work, self.args.device
        taken = work.taken(work.validation)
        own = [work.validation[place] for place in taken[work.group.rank]]
        losses = validation_losses(network, own, work.objective, device=device, passes=work.passes)
        for _ in range(work.idle(work.validation)):
            validation_losses(
                network, own[:1] or work.validation[:1], work.objective, device=device, passes=work.passes
            )
        rows = [0.0] * len(work.validation)
        for places, found in zip(taken, work.group.gathered(losses), strict=True):
            for place, loss in zip(places, found, strict=True):
                rows[place] = loss
        return rows

    def _save(self, output_dir: str | None = None, state_dict: object = None) -> None:
        """What is trained, and nothing else: the rest is the model's."""
        from safetensors.torch import save_file

        del state_dict
        trained = trainable(self.accelerator.unwrap_model(self.model))
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.detach().contiguous() for name, tensor in trained.items()}, str(folder / _TRAINED))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """What `_save` wrote."""
        from safetensors.torch import load_file

        trained = trainable(model or self.accelerator.unwrap_model(self.model))
        with torch.no_grad():
            for name, tensor in load_file(str(Path(resume_from_checkpoint) / _TRAINED)).items():
                trained[name].copy_(tensor)

    def _save_checkpoint(self, model: Any, *args: Any, **kwargs: Any) -> None:
        check_weights(trainable(self.accelerator.unwrap_model(self.model)), f"step {self.state.global_step}")
        super()._save_checkpoint(model, *args, **kwargs)
        if self.args.should_save:
            checkpoint = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            self.history.pending = [float(loss) for loss in self._since_evaluation]
            self.history.save(checkpoint)
            mark_whole(checkpoint, self.work.fingerprint)
            keep_newest(checkpoint.parent, 2)


class _Steps(torch.utils.data.Dataset[int]):
    """The steps' numbers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __len__(self) -> int:
        return len(self.plan.steps)

    def __getitem__(self, index: int) -> int:
        if index >= len(self.plan.steps):
            raise IndexError(index)
        return index


def _only(items: list[int]) -> int:
    """A batch of one, bare. A loader without batches could not be resumed: accelerate skips batches."""
    (item,) = items
    return item


class _Validate(TrainerCallback):
    """Evaluates after a step, before the checkpoint of that step is written."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def on_step_end(self, args: Any, state: Any, control: Any, **_kwargs: Any) -> Any:
        """Ask for a stop when patience is exhausted."""
        del args, state
        if self.engine.validate():
            control.should_training_stop = True
        return control


def trainable(network: Any) -> dict[str, torch.Tensor]:
    """The weights that are trained, by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def check_weights(trained: Mapping[str, torch.Tensor], when: str) -> None:
    """Refuse trained weights that are not finite.

    Raises:
        TrainingError: a weight is NaN or infinite.
    """
    broken = [name for name, tensor in trained.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise TrainingError(
            f"{len(broken)} of {len(trained)} trained tensors are not finite at {when} (the first: {broken[0]}); lower "
            "train.lr, raise train.warmup, or train in float32 (model.dtype)"
        )
