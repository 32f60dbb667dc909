"""Image input: what stands in a text where a picture is shown, and the tensors that a network sees of it.

A model's own processor decides both. What it writes hangs on a picture's size alone, so that rows are rendered, counted and
checked without opening a file; a file is opened when a pass reads it. Pixels are kept as tensors as long as there is room,
since training reads each picture once an epoch, and a question with ten options ten times.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import SourceError, StageError
from seatrial.rows import Image
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.architecture import network_class
from seatrial_plugins.huggingface.config_file import read_config
from seatrial_plugins.huggingface.opened_picture import opened_picture
from seatrial_plugins.huggingface.picture_sizes import PictureSizes
from seatrial_plugins.huggingface.quiet import no_progress_bars

if TYPE_CHECKING:
    import PIL.Image
    import torch

__all__ = ["ImageInput"]

_KEPT = 256 << 20
"""Bytes of prepared pictures that are kept."""

_TRIED = 64
"""Pixels of the side of a blank picture, on which the processor shows what it writes."""

_TEXTS = 1024
"""Texts of pictures that are kept, of up to some 20,000 characters."""

_OF_TOKENS = ("token_type_ids", "mm_token_type_ids")
"""What processors call the mark of a picture's own tokens, which some networks (Gemma 3, Qwen2-VL) ask for."""

_OF_TEXT = frozenset({"input_ids", "attention_mask", *_OF_TOKENS})

_OF_PICTURES = frozenset(
    {
        "image_grid_thw",
        "image_position_ids",
        "image_sizes",
        "pixel_attention_mask",
        "pixel_mask",
        "pixel_values",
        "spatial_shapes",
    }
)
"""What processors call inputs that lie picture behind picture, in whichever rows these stand.

Others are indexed by row or by token, as Mllama's `cross_attention_mask` and LLaVA-OneVision's `batch_num_images` are: laid one
behind the other they would be wrong for a batch of several rows, and no error would tell.
"""


class ImageInput:
    """The pictures of one model's rows.

    Args:
        folder: Of the model.
        tokenizer: Its tokenizer, by which the rendered text is cut.

    Raises:
        SourceError: there is no processor that transformers can load, it writes what the tokenizer does not know, or it gives the
            network inputs that are not laid picture behind picture.
    """

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        self.folder = folder
        self.processor = _read_processor(folder)
        self._tokenizer = tokenizer
        self._images: Path | None = None
        self._accepted = frozenset(inspect.signature(network_class(folder).forward).parameters)  # type: ignore[attr-defined]
        config = read_config(folder)
        token = next((found for name in _TOKENS if (found := getattr(config, name, None)) is not None), None)
        if token is None:
            raise SourceError(f"{folder / 'config.json'}: names no token that stands for a picture (`image_token_id`)")
        self.token = int(token)
        """What the network puts its view of a picture in the place of, once for each of its parts."""
        self.padding = int(self.token == 0)
        """A token that is no picture's."""
        self._kept: OrderedDict[Image, Mapping[str, torch.Tensor]] = OrderedDict()
        self._kept_bytes = 0
        self._text = lru_cache(maxsize=_TEXTS)(self._write)
        self.places = tuple(
            dict.fromkeys(str(found) for holder, name in self._names() if (found := getattr(holder, name, None)))
        )
        """What a chat template may write where a picture is shown, the likelier first."""
        self._sizes = PictureSizes(self.processor, self._as_tokens, self.token)
        self._marked: tuple[str, frozenset[int]] | None = self._marks()

    def look_in(self, folder: Path | None) -> None:
        """Open pictures there from now on: a run keeps each under its `file_name`."""
        self._images = folder

    # ---- text -----------------------------------------------------------------------------------------------------

    def placed(self, text: str, images: Sequence[Image]) -> str:
        """A rendered text with what the processor writes of each picture in its place.

        Raises:
            StageError: the chat template did not write one place for each.
        """
        place = next((one for one in self.places if one in text), None)
        pieces = [text] if place is None else text.split(place)
        if len(pieces) - 1 != len(images):
            raise StageError(
                f"the model's chat template writes {len(pieces) - 1} places for the {len(images)} pictures of a conversation; "
                "give the tokenizer one that writes each (chat_template.jinja)"
            )
        written = [self._written(image.width, image.height, place) for image in images]
        return "".join(part for pair in zip(pieces, [*written, ""], strict=True) for part in pair)

    def whole(self, images: Sequence[Image], ids: Sequence[int]) -> tuple[Image, ...]:
        """Those of a conversation's pictures whose tokens all stand in the beginning of it that is left."""
        left, kept = list(ids).count(self.token), []
        for image in images:
            left -= self._tokens_of(image)
            if left < 0:
                break
            kept.append(image)
        return tuple(kept)

    def shortened(self, text: str) -> str:
        """A decoded text for people: a run of one picture's tokens as a count."""
        mark = self._tokenizer.convert_ids_to_tokens(self.token)
        pieces, found = [], text
        while (start := found.find(mark)) >= 0:
            end = start
            while found.startswith(mark, end):
                end += len(mark)
            count = (end - start) // len(mark)
            pieces += [found[:start], mark if count == 1 else f"{mark}×{count}"]
            found = found[end:]
        return "".join([*pieces, found])

    def _tokens_of(self, image: Image) -> int:
        text = self._written(image.width, image.height, self.places[0])
        return self._encode(text).count(self.token)

    def _written(self, width: int, height: int, place: str | None) -> str:
        """What the processor writes of a picture of that size."""
        return self._text(*self._sizes.like(width, height), place)

    def _as_tokens(self, width: int, height: int) -> Sequence[int]:
        return self._encode(self._text(width, height, self.places[0]))

    def _write(self, width: int, height: int, place: str | None) -> str:
        """What the processor makes of a place for a picture of that size."""
        import PIL.Image

        given = self._processed([PIL.Image.new("RGB", (width, height))], place)
        ids = [int(token) for token in given["input_ids"][0]]
        text = str(self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
        if self.token not in ids or self._encode(text) != ids:
            raise StageError(
                f"{self.folder}: its processor writes tokens for a picture that its tokenizer does not read back; get the folder's "
                "files again, of one model"
            )
        return text

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _names(self) -> list[tuple[Any, str]]:
        inner = getattr(self.processor, "tokenizer", None)
        return [(self.processor, "boi_token"), (self.processor, "image_token"), (inner, "image_token")]

    def _marks(self) -> tuple[str, frozenset[int]] | None:
        """The name of the input that marks a picture's tokens, where the network takes one, and the tokens that it marks."""
        import PIL.Image

        try:
            given = self._processed([PIL.Image.new("RGB", (_TRIED, _TRIED))], self.places[0] if self.places else None)
        except StageError as error:
            raise SourceError(f"{self.folder}: {error}") from error
        if others := sorted(self._accepted.intersection(given) - _OF_TEXT - _OF_PICTURES):
            raise SourceError(
                f"{self.folder}: {type(self.processor).__name__} gives the network {', '.join(others)}, which belong to rows or "
                "tokens, and here pictures are laid one behind the other, whichever row they stand in; name a model whose pictures "
                "become tokens of the text alone, as those of Idefics3, LLaVA and Gemma 3 do"
            )
        name = next((one for one in _OF_TOKENS if one in given and one in self._accepted), None)
        if name is None:
            return None
        pairs = zip(given["input_ids"][0], given[name][0], strict=True)
        return name, frozenset(int(token) for token, mark in pairs if mark)

    # ---- tensors --------------------------------------------------------------------------------------------------

    def inputs(self, ids: torch.Tensor, rows: Sequence[Sequence[Image]], network: Any) -> dict[str, torch.Tensor]:
        """What a pass is given beside its tokens and their mask.

        Args:
            ids: Of its rows, padded: [rows, width].
            rows: Each row's pictures, in the order of their places.
            network: The one that reads them.

        Raises:
            StageError: a picture cannot be opened.
        """
        import torch

        found: dict[str, torch.Tensor] = {}
        if self._marked is not None:
            name, tokens = self._marked
            found[name] = torch.isin(ids, torch.tensor(sorted(tokens), dtype=ids.dtype)).long()
        found |= self._pixels([image for row in rows for image in row])
        weight = network.get_input_embeddings().weight
        return {
            name: tensor.to(weight.device, weight.dtype if tensor.is_floating_point() else None)
            for name, tensor in found.items()
        }

    def _pixels(self, images: Sequence[Image]) -> Mapping[str, torch.Tensor]:
        """The tensors of some pictures: each prepared alone, where that gives tensors that lie one behind the other."""
        import torch

        if not images:
            return {}
        each = [self._prepared(image) for image in images]
        if len(images) == 1 or all(_shapes(one) == _shapes(each[0]) for one in each):
            return {name: torch.cat([one[name] for one in each]) for name in each[0]}
        return self._tensors([self._opened(image) for image in images])

    def _prepared(self, image: Image) -> Mapping[str, torch.Tensor]:
        if image in self._kept:
            self._kept.move_to_end(image)
            return self._kept[image]
        found = self._tensors([self._opened(image)])
        self._kept[image] = found
        self._kept_bytes += _bytes_of(found)
        while self._kept_bytes > _KEPT and len(self._kept) > 1:
            self._kept_bytes -= _bytes_of(self._kept.popitem(last=False)[1])
        return found

    def _tensors(self, pictures: Sequence[PIL.Image.Image]) -> Mapping[str, torch.Tensor]:
        given = self._processed(pictures, self.places[0], return_tensors="pt")
        if len(pictures) == 1:
            size = pictures[0].size
            if given["input_ids"][0].tolist() != self._encode(self._written(*size, self.places[0])):
                raise StageError(
                    f"the model's processor writes another text for a picture of {size[0]} × {size[1]} pixels than it counts; "
                    "get the folder's files again, of one model"
                )
        return {name: given[name] for name in given if name in self._accepted and name not in _OF_TEXT}

    def _processed(self, pictures: Sequence[PIL.Image.Image], place: str | None, **options: Any) -> Any:
        """What the processor makes of pictures, as those of one text."""
        text = [(place or "") * len(pictures)]
        try:
            return self.processor(text=text, images=[list(pictures)], add_special_tokens=False, **options)
        except Exception as error:  # processors have no error in common
            sizes = ", ".join(f"{picture.width} × {picture.height}" for picture in pictures[:3])
            raise StageError(
                f"the model's processor cannot prepare pictures of {sizes} pixels ({type(error).__name__}: "
                f"{one_line(str(error), 200)})"
            ) from error

    def _opened(self, image: Image) -> PIL.Image.Image:
        """The picture. Its size was bounded when its row was read."""
        if self._images is None:
            raise StageError(f"the picture {image.file_name} is to be seen, and nobody said where pictures are kept")
        return opened_picture(self._images / image.file_name, image)


_TOKENS = ("image_token_id", "image_token_index")
"""What configs call the token that stands for a picture."""


def _read_processor(folder: Path) -> Any:
    from transformers import AutoProcessor

    try:
        with no_progress_bars():
            return AutoProcessor.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # what a processor is made of has no error in common
        raise SourceError(
            f"{folder}: there is no processor of pictures that transformers can load; get processor_config.json and "
            f"preprocessor_config.json again, or install what they need ({type(error).__name__}: {one_line(str(error), 200)})"
        ) from error


def _shapes(tensors: Mapping[str, torch.Tensor]) -> Mapping[str, tuple[int, ...]]:
    """But for the first dimension, along which pictures lie."""
    return {name: tuple(tensor.shape[1:]) for name, tensor in tensors.items()}


def _bytes_of(tensors: Mapping[str, torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
