"""A sequence classifier: a network with a head that names one of the labels in its config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError, StageError
from seatrial.rows import Row
from seatrial_plugins.huggingface.batches import batches_by_length
from seatrial_plugins.huggingface.classifier_input import beyond_words, classifier_ids, padded
from seatrial_plugins.huggingface.device import choose_device, choose_dtype
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer
from seatrial_plugins.huggingface.weights import check_shape
from seatrial_plugins.huggingface.whole_load import load_whole
from seatrial_plugins.huggingface.wide_head import hold_head_wide

__all__ = ["SequenceClassifier"]


class SequenceClassifier:
    """A loaded classifier (`seatrial.model.Classifies`, `ChecksRows`); it reads the prompt's turns, joined by line ends."""

    def __init__(self, folder: Path, options: LoadOptions) -> None:
        from transformers import AutoModelForSequenceClassification

        check_shape(folder, AutoModelForSequenceClassification)
        self.device = choose_device(options.device)
        self.tokenizer = read_tokenizer(folder)
        self.batch_tokens = options.batch_tokens
        self.network: Any = load_whole(
            AutoModelForSequenceClassification,
            str(folder),
            pretrained_model_name_or_path=str(folder),
            dtype=choose_dtype(options.dtype, self.device),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
        hold_head_wide(self.network, folder)
        self.network = self.network.to(self.device).eval()
        names: Mapping[int, str] = self.network.config.id2label
        self.labels = [str(names[index]) for index in sorted(names)]
        if all(name == f"LABEL_{index}" for index, name in enumerate(self.labels)):
            raise SourceError(
                f"{folder / 'config.json'}: its labels have no names (`id2label` says LABEL_0, LABEL_1, …); name them as the "
                "rows' labels are called"
            )

        if twice := sorted({name for name in self.labels if self.labels.count(name) > 1}):
            raise SourceError(
                f"{folder / 'config.json'}: two of its outputs are called {twice[0]!r} (`id2label`), so an answer would not tell "
                "which; give each a name of its own"
            )

    @property
    def facts(self) -> Mapping[str, object]:
        """Architecture, device, dtype, parameters, labels. JSON values."""
        return {
            "architecture": type(self.network).__name__,
            "device": str(self.device),
            "dtype": str(next(self.network.parameters()).dtype).removeprefix("torch."),
            "parameters": sum(parameter.numel() for parameter in self.network.parameters()),
            "context": self.context,
            "labels": self.labels,
        }

    @property
    def context(self) -> int:
        """The longest text that it was made for, in tokens."""
        return int(getattr(self.network.config, "max_position_embeddings", 1 << 30))

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Rows of which it would read the words alone, and why that is not all."""
        for row in rows:
            if beside := beyond_words(row):
                yield (
                    row.id,
                    f"the classifier reads words alone, and the row has {beside}; take such rows out",
                )

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The likeliest label of each row; "" where several are equally likely, as with a head that was never trained.

        Raises:
            StageError: a text is longer than the context, or the network's scores of it are not finite.
        """
        encoded = [classifier_ids(self.tokenizer, row) for row in rows]
        for row, ids in zip(rows, encoded, strict=True):
            if len(ids) > self.context:
                raise StageError(
                    f"row {row.id} ({row.file}:{row.line}) has {len(ids)} tokens, the classifier's context {self.context}; "
                    "drop such rows with the filter `length`"
                )
        labels: dict[int, str] = {}
        with torch.inference_mode():
            for batch in batches_by_length([len(ids) for ids in encoded], self._fits):
                fed, mask = padded([encoded[place] for place in batch], self._padding or 0)
                logits = self.network(input_ids=fed.to(self.device), attention_mask=mask.to(self.device)).logits.float()
                for place, scores in zip(batch, logits, strict=True):
                    if not bool(torch.isfinite(scores).all()):
                        raise StageError(f"row {rows[place].id}: the classifier's scores are not finite")
                    top = (scores == scores.max()).nonzero().flatten().tolist()
                    labels[place] = self.labels[top[0]] if len(top) == 1 else ""
        return [labels[place] for place in range(len(rows))]

    def _fits(self, rows: int, _tokens: int, longest: int) -> bool:
        # Without a padding token of its own, a decoder cannot tell where a text of a batch ends.
        return rows * longest <= self.batch_tokens and self._padding is not None

    @property
    def _padding(self) -> int | None:
        """The network's padding token, by which it finds the last token of a text; not the tokenizer's, which may differ."""
        return self.network.config.pad_token_id
