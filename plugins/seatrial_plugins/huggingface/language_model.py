"""A causal language model: likelihoods of given answers, generated ones, and their timing."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Any, Literal

import torch

from seatrial.errors import StageError, UsageError
from seatrial.model import Continuation, Generation, MergeDifference, Timing, Tools
from seatrial.rows import Image, Row, Turn
from seatrial_plugins.huggingface.adapter import ADAPTER
from seatrial_plugins.huggingface.batches import batches_by_length
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.continuous_batch import write_answers
from seatrial_plugins.huggingface.likelihoods import Likelihoods
from seatrial_plugins.huggingface.merging import merged
from seatrial_plugins.huggingface.plain_text import PlainText
from seatrial_plugins.huggingface.question import Question
from seatrial_plugins.huggingface.sampling import Draw, Drawn
from seatrial_plugins.huggingface.streaming import streamed

__all__ = ["CausalModel"]

_LOG = logging.getLogger("seatrial.models")

_STOP_TOKENS = 8
"""A stop string is looked for in the last tokens: as many as it has bytes, and so many that add no text of their own."""


class CausalModel:
    """A loaded causal model, or one of several views on it.

    `Scores`, `Generates`, `Samples`, `Streams`, `Completes`, `Times` and `CountsTokens`.
    """

    def __init__(
        self,
        network: Any,
        chat: ChatTokenizer,
        *,
        batch_tokens: int,
        packs: bool,
        adapted: bool = False,
        opening: tuple[int, ...] = (),
        use: Callable[[], AbstractContextManager[Any]] | None = None,
        merge: Callable[[Literal["float32", "own"]], AbstractContextManager[Any]] | None = None,
    ) -> None:
        """A model, or a view on a network that other views share.

        Args:
            network: transformers' model.
            chat: its tokenizer.
            batch_tokens: how many tokens one forward pass may hold.
            packs: whether rows may be packed.
            adapted: whether the view is one with an adapter.
            opening: tokens that stand before everything that this view reads: a soft prompt's.
            use: while its block runs, the network has this view's adapter on it, or none in use; gives PEFT's model of both,
                or the network. None where no other view has a part in the network.
            merge: while its block runs, there is another network, in which this view's adapter is merged into the weights.
        """
        self.network = network
        self.chat = chat
        self.batch_tokens = batch_tokens
        self.packs = packs
        self._adapted = adapted
        self._opening = opening
        self._use = use or partial(contextlib.nullcontext, network)
        self._merge = merge
        # What a soft prompt or a prefix puts into the layers is theirs alone: nothing is kept of it, and answers are written plainly.
        self._likelihoods = Likelihoods(
            network, batch_tokens=batch_tokens, packs=packs, keeps=not opening, images=chat.images
        )

    # ---- what it is -----------------------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.network.parameters()).device

    @property
    def facts(self) -> Mapping[str, object]:
        """Device, dtype, parameters, attention, versions. JSON values."""
        import transformers

        config = self.network.config
        return {
            "architecture": type(self.network).__name__,
            "device": str(self.device),
            "device_name": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "CPU",
            "dtype": str(config.dtype).removeprefix("torch."),
            "parameters": sum(p.numel() for n, p in self.network.named_parameters() if f".{ADAPTER}" not in n),
            "attention": str(config._attn_implementation),  # noqa: SLF001  # there is no public name
            "packed": self.packs,
            "batch_tokens": self.batch_tokens,
            "context": self.context,
            "adapter": self._adapted,
            "end_of_turn": self.chat.closing,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    @property
    def system(self) -> str | None:
        """What it is told before every conversation that begins otherwise (`seatrial.model.Model`)."""
        return self.chat.system

    @property
    def context(self) -> int:
        """The longest sequence that it was made for, in tokens."""
        return int(getattr(self.network.config.get_text_config(), "max_position_embeddings", 1 << 30))

    # ---- CountsTokens, ChecksRows ---------------------------------------------------------------------------------------------

    def count_tokens(self, conversations: Sequence[Sequence[Turn]], tools: Tools = ()) -> list[int]:
        """The length in tokens of each conversation, rendered with the model's chat template."""
        return self.chat.count_tokens(conversations, tools)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of plain texts, without special tokens."""
        return self.chat.tokenize(texts)

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of `tokenize` stands in its text: first character, one past the last."""
        return self.chat.token_spans(texts)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """What keeps the model from reading rows as they are meant: the row's id, and the reason, for each."""
        return self.chat.problems(rows)

    # ---- Scores ---------------------------------------------------------------------------------------------------

    def loglikelihoods(
        self, prompts: Sequence[Sequence[Turn]], options: Sequence[Sequence[str]], *, tools: Tools = ()
    ) -> list[list[Continuation]]:
        """For each prompt, each of its options' likelihood as the assistant's next turn (end of turn included).

        A continuation's tokens are those of the whole conversation from where they differ from the prompt's on, so that
        words are cut into tokens as in training.

        An option whose log-likelihood is not finite has NaN.

        Raises:
            StageError: a prompt with its options is longer than the model's context, or there is nothing to condition on.
            ValueError: there are more prompts than lists of options, or fewer.
        """
        if len(prompts) != len(options):
            raise ValueError(
                f"{len(prompts)} prompts and {len(options)} lists of options: each prompt needs one of its own"
            )
        asked, may = self._prompts(prompts, tools), tools or [()] * len(prompts)
        answered = [index for index, answers in enumerate(options) if answers]
        questions = []
        for index in answered:
            head, rests = self.chat.answered(prompts[index], options[index], may[index])
            whole, images = (*self._opening, *head), self._shown(prompts[index])
            questions.append(Question.of(asked[index], whole, rests, context=self.context, images=images))
        with self._use():
            found = dict(zip(answered, self._likelihoods.of(questions), strict=True))
        return [found.get(index, []) for index in range(len(prompts))]

    # ---- Generates ------------------------------------------------------------------------------------------------

    def generate(
        self, prompts: Sequence[Sequence[Turn]], *, max_new_tokens: int, stop: Sequence[str] = (), tools: Tools = ()
    ) -> list[Generation]:
        """Greedy decoding, one generation a prompt, the prompt not included.

        Raises:
            StageError: a prompt and its answer would be longer than the model's context, or the model's logits are not
                finite, so that they say nothing.
        """
        return self._answers(self._prompts(prompts, tools), list(map(self._shown, prompts)), max_new_tokens, stop)

    def sample(
        self,
        prompts: Sequence[Sequence[Turn]],
        *,
        answers: int,
        temperature: float,
        top_p: float,
        seed: int,
        max_new_tokens: int,
        stop: Sequence[str] = (),
        tools: Tools = (),
    ) -> list[list[Generation]]:
        """For each prompt, answers that are drawn at a temperature; each hangs on seed, prompt and its place alone.

        Raises:
            StageError: as `generate` does.
        """
        asked = [ids for ids in self._prompts(prompts, tools) for _ in range(answers)]
        draws = [Draw(temperature, top_p, (seed, place % answers, *ids)) for place, ids in enumerate(asked)]
        shown = [self._shown(prompt) for prompt in prompts for _ in range(answers)]
        said = self._answers(asked, shown, max_new_tokens, stop, draws)
        return [said[at : at + answers] for at in range(0, len(said), answers)]

    def stream(
        self,
        prompt: Sequence[Turn],
        *,
        max_new_tokens: int,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> Iterator[str]:
        """What `generate` writes for the prompt alone, in pieces as they are decoded (`Streams`)."""

        def answer(streamer: Any) -> str:
            asked = self._prompts([prompt], [tools] if tools else ())
            return self._answers(asked, [self._shown(prompt)], max_new_tokens, stop, streamer=streamer)[0].text

        return streamed(answer, lambda ids: self._generation(ids, stop).text, stop)

    def _answers(
        self,
        asked: Sequence[list[int]],
        shown: Sequence[Sequence[Image]],
        max_new_tokens: int,
        stop: Sequence[str],
        draws: Sequence[Draw] = (),
        streamer: Any = None,
    ) -> list[Generation]:
        if not all(asked):
            raise StageError("a prompt has no token that an answer could follow; give it text or a chat template")
        longest = max((len(ids) for ids in asked), default=0)
        if longest + max_new_tokens > self.context:
            raise StageError(
                f"a prompt of {longest} tokens and {max_new_tokens} new ones pass the model's context of {self.context}; "
                "drop such rows with the filter `length`, or ask for fewer tokens"
            )

        def fits(rows: int, _tokens: int, longest: int) -> bool:
            return rows * (longest + max_new_tokens) <= self.batch_tokens

        results: dict[int, Generation] = {}
        with self._use(), torch.inference_mode():
            if streamer is None and not any(shown) and self._continues:
                return self._continued(asked, max_new_tokens, stop, draws)
            for batch in batches_by_length([len(ids) for ids in asked], fits):
                answers = self._decode(
                    [asked[index] for index in batch],
                    [shown[index] for index in batch],
                    max_new_tokens,
                    stop,
                    [draws[index] for index in batch if draws],
                    streamer,
                )
                results.update(zip(batch, answers, strict=True))
        return [results[index] for index in range(len(asked))]

    # ---- Completes ------------------------------------------------------------------------------------------------

    def continuations(self, texts: Sequence[str], options: Sequence[Sequence[str]]) -> list[list[Continuation]]:
        """For each text, each of its options' likelihood right behind it, cut into tokens as lm-eval cuts them.

        Raises:
            StageError: a text with an option is longer than the model's context, or an option adds no token.
            ValueError: there are more texts than lists of options, or fewer.
        """
        if len(texts) != len(options):
            raise ValueError(f"{len(texts)} texts and {len(options)} lists of options: each text needs one of its own")
        plain = PlainText(self.chat.tokenizer)
        plain.read_behind(texts, options)
        places: list[tuple[int, list[int]]] = []
        questions: list[Question] = []
        for index, (text, answers) in enumerate(zip(texts, options, strict=True)):
            for head, rests in plain.behind(text, answers).items():
                places.append((index, list(rests)))
                whole = (*self._opening, *head)
                questions.append(Question.behind(whole, tuple(rests.values()), context=self.context))
        found = [[Continuation(0.0, 1)] * len(answers) for answers in options]
        with self._use():
            scored = self._likelihoods.of(questions, greedy=True)
        for (index, of), given in zip(places, scored, strict=True):
            for option, one in zip(of, given, strict=True):
                found[index][option] = one
        return found

    def whole_texts(self, texts: Sequence[str]) -> list[Continuation]:
        """Each text's own likelihood, in windows of the context where it is longer: every token is scored once."""
        plain = PlainText(self.chat.tokenizer)
        plain.read(texts)
        windows = [plain.windows(text, self.context - len(self._opening)) for text in texts]
        questions = [
            Question.behind((*self._opening, *head), (rest,), context=self.context)
            for text in windows
            for head, rest in text
        ]
        with self._use():
            scored = iter(self._likelihoods.of(questions))
        found = [[next(scored)[0] for _ in text] for text in windows]
        return [Continuation(sum(one.logprob for one in each), sum(one.tokens for one in each)) for each in found]

    def complete(self, texts: Sequence[str], *, max_new_tokens: int, stop: Sequence[str] = ()) -> list[Generation]:
        """Greedy decoding behind each text, up to a stop string or the end of text.

        Raises:
            StageError: as `generate` does.
        """
        plain = PlainText(self.chat.tokenizer)
        plain.read(texts)
        asked = [[*self._opening, *plain.ids(text)] for text in texts]
        return self._answers(asked, [()] * len(texts), max_new_tokens, stop)

    def _prompts(self, prompts: Sequence[Sequence[Turn]], tools: Tools) -> list[list[int]]:
        return [[*self._opening, *ids] for ids in self.chat.prompts(prompts, tools)]

    def _shown(self, prompt: Sequence[Turn]) -> tuple[Image, ...]:
        """The pictures of a prompt; none of a model that reads text alone."""
        return () if self.chat.images is None else tuple(image for turn in prompt for image in turn.images)

    def _decode(
        self,
        prompts: Sequence[list[int]],
        images: Sequence[Sequence[Image]],
        max_new_tokens: int,
        stop: Sequence[str],
        draws: Sequence[Draw],
        streamer: Any,
    ) -> list[Generation]:
        from transformers import GenerationConfig

        self.network.generation_config = GenerationConfig()  # what the checkpoint says of sampling doesn't apply

        width = max(len(ids) for ids in prompts)
        # Padding repeats the row's own first token: what is not finite there is not finite in its row, and in no other.
        seen, more = self.chat.images, dict[str, torch.Tensor]()
        first = [prompt[:1] if seen is None else [seen.padding] for prompt in prompts]
        ids = torch.tensor([[*pad * (width - len(own)), *own] for own, pad in zip(prompts, first, strict=True)])
        if seen is not None:
            more = seen.inputs(ids, images, self.network)
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        watch = _Watch()
        ends = list(self.chat.end_ids)
        config = GenerationConfig(
            max_new_tokens=max_new_tokens,
            do_sample=False,
            num_beams=1,
            eos_token_id=ends or None,
            pad_token_id=ends[0] if ends else 0,
            stop_strings=list(stop) or None,
        )
        written = self.network.generate(
            input_ids=ids.to(self.device),
            attention_mask=mask.to(self.device),
            generation_config=config,
            logits_processor=[watch, *([Drawn(draws, max_new_tokens)] if draws else [])],
            tokenizer=self.chat.tokenizer if stop else None,
            streamer=streamer,
            **more,
        )
        rows = written[:, width:].tolist()
        watch.check([self._end(row) for row in rows])
        return [self._generation(row, stop) for row in rows]

    @cached_property
    def _continues(self) -> bool:
        from seatrial_plugins.huggingface.exactness import continuing_is_exact

        vocabulary = int(self.network.config.get_text_config().vocab_size)
        return self.packs and not self._opening and continuing_is_exact(self.network, vocabulary, self.device)

    def _continued(
        self, asked: Sequence[list[int]], max_new_tokens: int, stop: Sequence[str], draws: Sequence[Draw]
    ) -> list[Generation]:
        """Answers that are written side by side, where each that ends makes room for the next."""
        ends, decode = frozenset(self.chat.end_ids), self.chat.tokenizer.decode
        window = _STOP_TOKENS + max((len(word.encode()) for word in stop), default=0)

        def over(ids: list[int]) -> bool:
            if ids[-1] in ends:
                return True
            said = decode(ids[-window:], skip_special_tokens=True) if stop else ""
            return any(word in said for word in stop)

        more = {"pick": Drawn(draws, max_new_tokens).pick} if draws else {}
        written = write_answers(
            self.network, asked, max_new_tokens=max_new_tokens, batch_tokens=self.batch_tokens, ends=over, **more
        )
        _check_finite([answer.broken for answer in written])
        return [self._generation(answer.ids, stop) for answer in written]

    def _end(self, ids: list[int]) -> int | None:
        """Where the first token stands that ends a generation."""
        return next((place for place, token in enumerate(ids) if token in self.chat.end_ids), None)

    def _generation(self, ids: list[int], stop: Sequence[str]) -> Generation:
        end = self._end(ids)
        said = ids if end is None else ids[:end]
        text = self.chat.tokenizer.decode(said, skip_special_tokens=True)
        cuts = [place for word in stop if (place := text.find(word)) >= 0]
        if cuts:
            text = text[: min(cuts)]
        return Generation(text, len(said), finished=end is not None or bool(cuts))

    # ---- Merges ---------------------------------------------------------------------------------------------------

    def merge_differences(
        self,
        prompts: Sequence[Sequence[Turn]],
        answers: Sequence[str],
        *,
        merge_in: Literal["float32", "own"],
        tools: Tools = (),
    ) -> list[MergeDifference]:
        """How this view and its merged copy differ over the answers (`seatrial.model.Merges`).

        Raises:
            UsageError: there is no adapter, or it cannot be merged.
        """
        from seatrial_plugins.huggingface.merged_copy import differences

        if self._merge is None:
            raise UsageError("the model has no adapter that could be merged into its weights")
        asked, may = self._prompts(prompts, tools), tools or [()] * len(prompts)
        lines = []
        for index, answer in enumerate(answers):
            head, rests = self.chat.answered(prompts[index], [answer], may[index])
            question = Question.of(asked[index], (*self._opening, *head), rests, context=self.context)
            lines.append(((*question.head, *rests[0]), question.starts[0]))
        with self._merge(merge_in) as copy, self._use():
            return differences(self.network, copy, lines, self.device)

    # ---- Times ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """The model as it would be served while the block runs; gives what became of its adapter.

        `merged` into the weights, `none` where there is none, or `separate: ` and why merging would change what it says.
        """
        if not self._adapted:
            yield "none"
            return
        if self._opening:
            yield f"separate: its {len(self._opening)} vectors stand before each prompt"
            return
        with self._use() as network, merged(network) as obstacle:
            if obstacle:
                _LOG.warning("the adapter is timed beside the weights, not merged into them: %s", obstacle)
            yield f"separate: {obstacle}" if obstacle else "merged"

    def time_request(self, *, batch: int, prompt_tokens: int, new_tokens: int, seed: int) -> Timing:
        """Decode exactly `new_tokens` greedily from random prompts of exactly `prompt_tokens`; end of turn ignored."""
        from seatrial_plugins.huggingface.timing import time_request

        with self._use():
            return time_request(
                self.network,
                opening=self._opening,
                vocab_size=self.network.config.get_text_config().vocab_size,
                batch=batch,
                prompt_tokens=prompt_tokens,
                new_tokens=new_tokens,
                seed=seed,
            )


class _Watch:
    """Sees the logits of each step (a logits processor): an argmax over NaN would be read as a token."""

    def __init__(self) -> None:
        self._finite: list[torch.Tensor] = []

    def __call__(self, _ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """The logits as they are; a token that is ruled out may have -inf, the likeliest one not."""
        self._finite.append(logits.amax(-1).isfinite())
        return logits

    def check(self, ends: Sequence[int | None]) -> None:
        """Refuse a generation whose tokens up to its end were not all drawn from finite logits.

        Raises:
            StageError: which token of how many prompts was not.
        """
        steps = torch.stack(self._finite, 1).tolist()
        said = [finite[: None if end is None else end + 1] for finite, end in zip(steps, ends, strict=True)]
        _check_finite([finite.index(False) if False in finite else None for finite in said])


def _check_finite(broken: Sequence[int | None]) -> None:
    """Refuse generations of which one has a token that was not drawn from finite logits, at this place."""
    places = [place for place in broken if place is not None]
    if places:
        raise StageError(
            f"the model's logits are not finite (NaN or infinite) at new token {min(places) + 1} of {len(places)} of "
            f"{len(broken)} prompts, so that they say nothing; its weights or its adapter are damaged, or overflow in this "
            "dtype: say `dtype: float32`, or get them again"
        )
