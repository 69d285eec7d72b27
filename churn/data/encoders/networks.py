"""Vectors of texts and pictures by a network from a local directory, read by transformers."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from churn.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

Modality = Literal["text", "picture"]
_LONGEST = 256  # tokens of a text that are read
_TOGETHER = 32  # values in one step
_NEEDED = {
    "text": ("config.json", "tokenizer_config.json", "model.safetensors"),
    "picture": ("config.json", "preprocessor_config.json", "model.safetensors"),
}


class Network:
    """A network that turns each text or picture into the mean of its last states.

    Weights are read from safetensors alone, and no code of the directory is run.

    Args:
        folder: A directory as `save_pretrained` writes it.
        modality: Whether it reads texts or pictures.
        key: The key of the configuration that names it, for errors.

    Raises:
        UserError: for a directory that is absent or holds another kind of network, or without transformers.
    """

    width: int

    def __init__(self, folder: Path, modality: Modality, *, key: str) -> None:
        self._key, self._folder, self._modality = key, folder, modality
        if lacking := [name for name in _NEEDED[modality] if not (folder / name).is_file()]:
            remedy = "save a model with its tokenizer or image processor there, or leave the key out"
            raise UserError(
                f"expected a {modality} network in the directory {folder} ({key})", f"no {lacking[0]}", remedy
            )
        try:
            import transformers
        except ImportError as error:
            remedy = "pip install 'churn[encoders]', or leave the key out"
            raise UserError(f"expected transformers to read {key}", error, remedy) from error
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        prepare = transformers.AutoTokenizer if modality == "text" else transformers.AutoImageProcessor
        try:
            self._prepare = prepare.from_pretrained(folder, local_files_only=True)
            whole = transformers.AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
            part = "text_model" if modality == "text" else "vision_model"
            self._model = getattr(whole, part, whole).eval()
            self.width = self.of(["a"] if modality == "text" else [_blank()]).shape[1]
        except Exception as error:  # transformers raises errors of many classes for a directory of another kind
            raise self._refusal(error) from error

    @property
    def identity(self) -> str:
        """The SHA-256 of the weights and of how a value is prepared."""
        found = hashlib.sha256()
        for name in _NEEDED[self._modality]:
            with (self._folder / name).open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
        return found.hexdigest()

    def of(self, values: "Sequence[str] | Sequence[Image]") -> NDArray[np.float32]:
        """The vectors of some values, (n, width)."""
        steps = range(0, len(values), _TOGETHER)
        return np.concatenate([self._step(values[first : first + _TOGETHER]) for first in steps])

    def _step(self, values: Any) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            if self._modality == "picture":
                given = self._prepare(images=list(values), return_tensors="pt")
                state = self._model(**given).last_hidden_state
                places = state.flatten(2).transpose(1, 2) if state.ndim == 4 else state
                return np.asarray(places.mean(dim=1).float().numpy())
            given = self._prepare(
                list(values), padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
            )
            state, told = self._model(**given).last_hidden_state, given["attention_mask"][:, :, None]
            return np.asarray(((state * told).sum(dim=1) / told.sum(dim=1).clamp(min=1)).float().numpy())

    @property
    def _longest(self) -> int:
        positions = getattr(self._model.config, "max_position_embeddings", None) or _LONGEST
        return int(min(_LONGEST, positions, self._prepare.model_max_length))

    def _refusal(self, error: Exception) -> UserError:
        found = " ".join(str(error).split())[:200] or type(error).__name__
        remedy = "name a directory of a model that AutoModel of transformers reads, or leave the key out"
        return UserError(
            f"expected a {self._modality} network in the directory {self._folder} ({self._key})", found, remedy
        )


def _blank() -> "Image":
    from PIL import Image

    return Image.new("RGB", (32, 32))
