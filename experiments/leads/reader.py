"""A small BERT with a head of one logit, and its training: AdamW, sharpness-aware steps, early stopping."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor, nn

from churn.models import one_thread

_LONGEST = 512  # tokens
_TOGETHER = 512  # texts that are read in one step
_HEAD_UNITS = 16  # of one attention head


class Reader(nn.Module):
    """A text's logit: the states of an encoder, pooled, dropped out and weighed.

    Args:
        tokenizer: What divides a text.
        config: The encoder's configuration.
        pooling: The state of the first token, or the mean of all.
        dropout: Share of the pooled state dropped.
    """

    def __init__(self, tokenizer, config, *, pooling: str, dropout: float) -> None:
        super().__init__()
        self.tokenizer, self.pooling = tokenizer, pooling
        self.encoder = transformers.AutoModel.from_config(config)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(config.hidden_size, 1))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Tokens, (n, t), to logits, (n,)."""
        state = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        told = mask[:, :, None]
        pooled = state[:, 0] if self.pooling == "cls" else (state * told).sum(1) / told.sum(1)
        return self.head(pooled)[:, 0]

    def tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask, (n, t) each."""
        found = self.tokenizer(texts, padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt")
        return found["input_ids"], found["attention_mask"]

    def logits(self, texts: list[str]) -> NDArray[np.float64]:
        """The logits of texts, (n,)."""
        if not texts:
            return np.empty(0)
        ids, mask = self.tokens(texts)
        with torch.inference_mode(), one_thread():
            self.eval()
            steps = range(0, len(texts), _TOGETHER)
            found = [self(ids[at : at + _TOGETHER], mask[at : at + _TOGETHER]) for at in steps]
        return torch.cat(found).double().numpy()

    def write(self, folder: Path) -> None:
        """Write the tokenizer, the configuration and the weights."""
        self.tokenizer.save_pretrained(folder / "tokenizer")
        (folder / "encoder.json").write_text(json.dumps(self.encoder.config.to_dict()))
        torch.save(self.state_dict(), folder / "weights.pt")

    @classmethod
    def read(cls, folder: Path, *, pooling: str, dropout: float) -> "Reader":
        """Read what `write` wrote; weights are numbers alone."""
        tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer", local_files_only=True)
        config = transformers.AutoConfig.for_model(**json.loads((folder / "encoder.json").read_text()))
        found = cls(tokenizer, config, pooling=pooling, dropout=dropout)
        found.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
        return found


def from_directory(directory: Path, *, pooling: str, dropout: float) -> Reader:
    """A reader whose encoder and tokenizer `save_pretrained` of transformers has written to a directory."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory, local_files_only=True)
    encoder = transformers.AutoModel.from_pretrained(directory, local_files_only=True, use_safetensors=True)
    found = Reader(tokenizer, encoder.config, pooling=pooling, dropout=dropout)
    found.encoder = encoder
    return found


def of_own_words(vocabulary: list[str], *, hidden_size: int, layers: int, pooling: str, dropout: float) -> Reader:
    """A reader with random weights, for which each word is a token."""
    ids = {word: place for place, word in enumerate(["[PAD]", "[UNK]", "[CLS]", *vocabulary])}
    words = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", ids["[CLS]"])])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]"
    )
    config = transformers.BertConfig(
        vocab_size=len(ids),
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=max(hidden_size // _HEAD_UNITS, 1),
        intermediate_size=2 * hidden_size,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        max_position_embeddings=_LONGEST,
    )
    return Reader(tokenizer, config, pooling=pooling, dropout=dropout)


def learn(
    reader: Reader,
    texts: list[str],
    y: NDArray[np.int8],
    *,
    epochs: int,
    lr: float,
    weight_decay: float,
    sharpness: float,
    batch_size: int,
    seed: int,
) -> Iterator[int]:
    """The number of epochs done, after each; the reader learns in place."""
    ids, mask = reader.tokens(texts)
    answers, order = torch.tensor(y, dtype=torch.float32), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=lr, weight_decay=weight_decay)
    for epoch in range(1, epochs + 1):
        with one_thread():
            reader.train()
            for at in torch.randperm(len(y), generator=order).split(batch_size):
                batch = ids[at], mask[at], answers[at]
                _step(reader, optimizer, lambda batch=batch: _loss(reader, *batch), sharpness=sharpness)
        yield epoch


def stopped_early(
    reader: Reader, epochs: Iterator[int], judge: Callable[[Reader], float], *, patience: int
) -> tuple[int, float]:
    """The best epoch, whose weights the reader then has, and its loss; no more than `patience` epochs come after it."""
    best, lowest, weights = 0, np.inf, None
    for epoch in epochs:
        if (loss := judge(reader)) < lowest:
            best, lowest, weights = epoch, loss, copy.deepcopy(reader.state_dict())
        elif epoch - best >= patience:
            break
    if weights is not None:
        reader.load_state_dict(weights)
    return best, lowest


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's chance begins from the seed within the block, and is as before after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _loss(reader: Reader, ids: Tensor, mask: Tensor, answers: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(reader(ids, mask), answers)


def _step(reader: Reader, optimizer: torch.optim.Optimizer, loss: Callable[[], Tensor], *, sharpness: float) -> None:
    """A step; where `sharpness` is above 0, by the gradient at the worst point so far away (Foret et al., 2021)."""
    optimizer.zero_grad()
    loss().backward()
    if sharpness:
        moved = [(weight, weight.grad.clone()) for weight in reader.parameters() if weight.grad is not None]
        norm = torch.stack([grad.norm() for _, grad in moved]).norm().clamp(min=1e-12)
        _move(moved, sharpness / norm)
        optimizer.zero_grad()
        loss().backward()
        _move(moved, -sharpness / norm)
    optimizer.step()


@torch.no_grad()
def _move(weights: list[tuple[nn.Parameter, Tensor]], by: Tensor) -> None:
    for weight, grad in weights:
        weight.add_(grad * by)
