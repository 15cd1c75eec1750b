"""Words to word-piece ids, by the tokenizer.json that the checkpoint carries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer


class TokenizerError(ValueError):
    """A tokenizer file that is missing, or an instruction without words."""


class InstructionTokenizer:
    """Word pieces of one instruction, without special tokens."""

    def __init__(self, path: Path, max_length: int) -> None:
        """Read a tokenizer.json.

        Raises:
            TokenizerError: If there is no such file.
        """
        if not path.is_file():
            raise TokenizerError(f'{path}: no such file; the checkpoint folder must hold the '
                                 'tokenizer its word embeddings belong to')
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)

    def encode(self, instruction: str) -> NDArray[np.int64]:
        """Return the ids of an instruction, shape (length,).

        Raises:
            TokenizerError: If the instruction holds no word.
        """
        ids = self._tokenizer.encode(instruction, add_special_tokens=False).ids
        if not ids:
            raise TokenizerError('the instruction holds no word: say what to do, for example '
                                 '"touch the red block"')
        return np.asarray(ids, np.int64)
