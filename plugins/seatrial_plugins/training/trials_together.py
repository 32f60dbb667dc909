"""Trials together: settings of LoRA trained at once beside one frozen base, each as if it were alone.

A small model leaves most of a card idle, waiting for the host to launch kernels: one step of many trainings launches as
many as one step of one. Each training has its own rows, in its own order, its own rate, clipping, rank, scale, layers and
dropout; rounding aside, only what dropout draws differs from a training that is alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.model import Target, Trainable
from seatrial.rows import Rows
from seatrial.training import TrialsJob, Tried, TriedTogether
from seatrial_plugins.huggingface.runtime import Example, TrainableNetwork, peak_bytes, render_examples
from seatrial_plugins.training.arguments import schedule_of
from seatrial_plugins.training.frozen_base import FrozenBase
from seatrial_plugins.training.laid_out import lay_out, split_together
from seatrial_plugins.training.method import Lora
from seatrial_plugins.training.plan import plan_steps
from seatrial_plugins.training.stacked_adapters import Rates, StackedAdapters

__all__ = ["TrialsTogether", "opened"]


@contextmanager
def opened(target: Target, model: Trainable) -> Iterator[TriedTogether]:
    """The base in memory, for as long as the block lasts."""
    if not isinstance(model, TrainableNetwork):
        raise UsageError(
            f"search: lora trains PyTorch modules of transformers, and {target.address} was opened by a loader of the runtime "
            f"{model.runtime!r}"
        )
    session = TrialsTogether(model)
    try:
        yield session
    finally:
        session.close()


@dataclass(slots=True)
class _Training:
    """One setting on its way."""

    place: int
    """Among the settings that were handed over."""
    method: Lora
    train: Sequence[Example]
    validation: Sequence[Example]
    steps: Sequence[Sequence[int]]
    rates: Sequence[float]
    ends: Sequence[int]
    """Steps after which it is evaluated on the way."""
    done: int = 0
    stage: int = 0
    batch: Sequence[Example] = field(default_factory=tuple)
    counted: int = 0

    def take(self) -> None:
        """The rows of its next step."""
        self.batch = [self.train[index] for index in self.steps[self.done]]
        self.counted = sum(len(example.targets) for example in self.batch)

    @property
    def now(self) -> Rates:
        """What its optimizer does in this step."""
        options = self.method
        return Rates(self.rates[self.done], options.weight_decay, self.done + 1, options.max_grad_norm)


class TrialsTogether:
    """A frozen base and trainings beside it (`seatrial.training.TriedTogether`)."""

    def __init__(self, model: TrainableNetwork) -> None:
        self._model = model
        self._base: FrozenBase | None = None
        self._rendered: dict[tuple[int, int, str], tuple[Rows, tuple[Example, ...]]] = {}
        self._most = 1 << 30
        """Settings that had room at once."""
        self.left: Callable[[int, Mapping[str, tuple[torch.Tensor, torch.Tensor]]], None] = _unheard
        """Told of what each setting that came to its end left, layer by layer: A and B."""

    def close(self) -> None:
        """Let go of the base."""
        on_card = self._base is not None and self._base.device.type == "cuda"
        self._base = None
        self._rendered.clear()
        if on_card:
            torch.cuda.empty_cache()

    def takes(self, method: Any) -> bool:
        """As `FrozenBase.takes`."""
        return self.base.takes(method)

    @property
    def base(self) -> FrozenBase:
        """The base, loaded when it is first needed."""
        if self._base is None:
            self._base = FrozenBase(self._model)
        return self._base

    # ---- training -------------------------------------------------------------------------------------------------

    def run(self, methods: Sequence[Any], job: TrialsJob) -> Sequence[Tried]:
        """Train them, as many at once as have room."""
        now = (job.train, job.validation)
        self._rendered = {key: kept for key, kept in self._rendered.items() if any(kept[0] is rows for rows in now)}
        found: dict[int, Tried] = {}
        waiting = [list(range(len(methods)))[at : at + self._most] for at in range(0, len(methods), self._most)]
        while waiting:
            places = waiting.pop(0)
            try:
                found |= self._train({place: methods[place] for place in places}, job, len(found) / len(methods))
                continue
            except torch.OutOfMemoryError:
                half = len(places) // 2
            # Only here is what the failed ones held let go of.
            if self.base.device.type == "cuda":
                torch.cuda.empty_cache()
            if half:
                self._most = half
                waiting = [places[:half], places[half:], *waiting]
            else:
                found[places[0]] = Tried(None, 0.0, reason="it takes more memory than the device has")
        return [found[place] for place in range(len(methods))]

    def _train(self, methods: Mapping[int, Lora], job: TrialsJob, before: float) -> dict[int, Tried]:
        from transformers import set_seed

        started = time.perf_counter()
        if self.base.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.base.device)
        losses: dict[int, float | None] = {}
        reasons: dict[int, str] = {}
        live = []
        for place, method in methods.items():
            try:
                live.append(self._started(place, method, job))
            except TrainingError as error:
                losses[place], reasons[place] = None, str(error)
        if not live:
            return {place: Tried(None, 0.0, reason=reasons[place]) for place in methods}
        stack = StackedAdapters(self.base.network, [self.base.fresh(one.method, job.seed) for one in live])
        set_seed(job.seed)
        steps, total = 0, sum(len(one.steps) for one in live)
        with stack.beside():
            while live:
                for one in live:
                    one.take()
                stack.step(self._gradients(stack, live), [one.now for one in live])
                for one in live:
                    one.done += 1
                steps += len(live)
                due = [row for row, one in enumerate(live) if one.done in one.ends or one.done == len(one.steps)]
                if not due:
                    continue
                ended = set()
                for row, loss in zip(due, self._evaluated(stack, live, due), strict=True):
                    if self._over(live[row], loss, job, losses, reasons):
                        ended.add(row)
                        total -= len(live[row].steps) - live[row].done
                        if losses[live[row].place] is not None:
                            self.left(live[row].place, stack.matrices(row))
                job.progress(min(1.0, before + (1 - before) * steps / max(total, 1)))
                if ended:
                    rest = [row for row in range(len(live)) if row not in ended]
                    live = [live[row] for row in rest]
                    stack.keep(rest)
        seconds, peak = (time.perf_counter() - started) / len(methods), peak_bytes(self.base.device)
        return {
            place: Tried(losses[place], seconds, peak or 0, len(methods), reasons.get(place, "")) for place in methods
        }

    def _over(
        self,
        one: _Training,
        loss: float,
        job: TrialsJob,
        losses: dict[int, float | None],
        reasons: dict[int, str],
    ) -> bool:
        """Whether a training that was evaluated has come to an end."""
        if not math.isfinite(loss):
            losses[one.place] = None
            reasons[one.place] = f"the validation loss is {loss} at step {one.done} of {len(one.steps)}"
            return True
        if one.done == len(one.steps):
            losses[one.place] = loss
            return True
        while one.stage < len(one.ends) and one.ends[one.stage] <= one.done:
            one.stage += 1
            if not job.report(one.place, one.stage - 1, loss):
                losses[one.place] = None
                return True
        return False

    def _started(self, place: int, method: Lora, job: TrialsJob) -> _Training:
        train = self._examples(job.train, method)
        if not train:
            raise TrainingError("there are no train rows; look at the ledger for what dropped them")
        plan = plan_steps(
            len(train),
            rows_per_step=method.batch_size * method.gradient_accumulation,
            epochs=method.epochs,
            seed=job.seed,
        )
        count = len(plan.steps)
        ends = [at for share in job.stages if (at := math.ceil(share * count)) < count]
        validation = self._examples(job.validation, method)
        if not validation:
            raise TrainingError("no validation row has a supervised token, so nothing can be compared")
        return _Training(place, method, train, validation, plan.steps, _rates(method, count), ends)

    def _examples(self, rows: Rows, method: Lora) -> tuple[Example, ...]:
        """Rows as this setting reads them: settings that cut them alike share them."""
        key = (id(rows), method.max_length, method.loss_on)
        if key not in self._rendered or self._rendered[key][0] is not rows:
            taught = (row.with_turns(method.taught(row.turns)) for row in rows)
            rendered = render_examples(taught, self._model.chat, method.max_length)
            self._rendered[key] = rows, rendered.examples
        return self._rendered[key][1]

    def _gradients(self, stack: StackedAdapters, live: Sequence[_Training]) -> torch.Tensor:
        """Of one step of each."""
        self.base.network.train()
        lines, tokens = self.base.forms.varlen, self._model.options.batch_tokens
        weights = torch.tensor([1.0 / one.counted for one in live], device=self.base.device)
        whole: torch.Tensor | None = None
        for parts in split_together([one.batch for one in live], tokens, lines=lines):
            laid = lay_out(parts, lines=lines)
            stack.set(laid.tokens)
            losses = self.base.losses(laid)
            (losses * weights[laid.owners.to(self.base.device)]).sum().backward()
            found = stack.gradients()
            whole = found if whole is None else whole.add_(found)
        assert whole is not None  # a step has rows
        return whole

    @torch.no_grad()
    def _evaluated(self, stack: StackedAdapters, live: Sequence[_Training], due: Sequence[int]) -> list[float]:
        """The mean validation loss of some of them, over supervised tokens."""
        self.base.network.eval()
        lines, tokens = self.base.forms.varlen, self._model.options.batch_tokens
        wide = torch.float32 if self.base.device.type == "mps" else torch.float64
        sums = torch.zeros(len(due), dtype=wide, device=self.base.device)
        rows = None if len(due) == len(live) else due
        for parts in split_together([live[row].validation for row in due], tokens, lines=lines):
            laid = lay_out(parts, lines=lines)
            stack.set(laid.tokens, rows, trains=False)
            losses = self.base.losses(laid)
            sums.index_add_(0, laid.owners.to(self.base.device), losses.to(wide))
        counts = [sum(len(example.targets) for example in live[row].validation) for row in due]
        return [total / count for total, count in zip(sums.tolist(), counts, strict=True)]


def _rates(options: Lora, steps: int) -> list[float]:
    """The rate of each step, by the schedule that the Trainer would follow."""
    from transformers import get_scheduler

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=options.lr)
    said = schedule_of(options, steps)
    scheduler = get_scheduler(
        said["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=round(options.warmup * steps),
        num_training_steps=steps,
        scheduler_specific_kwargs=said.get("lr_scheduler_kwargs"),
    )
    found = []
    for _ in range(steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return found


def _unheard(place: int, matrices: Mapping[str, Any]) -> None:
    """A trial is judged and thrown away."""
    del place, matrices
