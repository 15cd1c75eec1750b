"""Finds the tokenizer of a released backbone: checkpoint, given path, hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from groot_ros.model.system2.prompt import FORMATS
from groot_ros.model.system2.released import BackboneError

FILE = 'tokenizer.json'
# Open repositories: the gated backbone of N1.7 has the same tokenizer file as Qwen3-VL, and
# Eagle's is that of Qwen3 with the tokens below after its own.
HUB = {'eagle2_5': 'Qwen/Qwen3-1.7B', 'eagle3': 'Qwen/Qwen3-1.7B',
       'qwen3_vl': 'Qwen/Qwen3-VL-2B-Instruct'}
EAGLE_TOKENS = ('<IMG_CONTEXT>', '<img>', '</img>')


def load_tokenizer(kind: str, checkpoint: Path, path: Path | None = None,
                   download: Callable[[str], Path] | None = None) -> Tokenizer:
    """Read the tokenizer of a checkpoint's backbone.

    Args:
        kind: Of `ReleasedBackboneConfig`.
        checkpoint: Folder of the checkpoint; looked at first, also below processor/.
        path: A tokenizer.json or a folder that holds one; looked at next.
        download: From the name of a hub repository to its tokenizer.json; tried last.

    Raises:
        BackboneError: If no place has it, or it lacks the backbone's image token.
    """
    found = _find(kind, checkpoint, path, download or from_hub)
    tokenizer = Tokenizer.from_file(str(found))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if kind != 'qwen3_vl':
        tokenizer.add_special_tokens(
            [token for token in EAGLE_TOKENS if tokenizer.token_to_id(token) is None])
    if tokenizer.token_to_id(FORMATS[kind].image_token) is None:
        raise BackboneError(f'{found}: no token {FORMATS[kind].image_token}; this is not the '
                            f'tokenizer of {HUB[kind]}')
    return tokenizer


def from_hub(repository: str) -> Path:
    """Return the tokenizer.json of a hub repository, from the local cache where it is.

    Raises:
        OSError: If it can't be fetched.
    """
    from huggingface_hub import hf_hub_download
    return Path(hf_hub_download(repository, FILE))


def _find(kind: str, checkpoint: Path, path: Path | None,
          download: Callable[[str], Path]) -> Path:
    given = path / FILE if path is not None and path.is_dir() else path
    for place in (checkpoint / FILE, checkpoint / 'processor' / FILE, given):
        if place is not None and place.is_file():
            return place
    try:
        return download(HUB[kind])
    except (OSError, ImportError) as error:
        reason = str(error).split('\n', maxsplit=1)[0]
        raise BackboneError(
            f'no tokenizer: looked for {checkpoint / FILE}, for '
            f'{given or "a path (none was given)"}, and at the hub for {HUB[kind]} ({reason}); '
            f'copy the {FILE} of {HUB[kind]} into the checkpoint folder') from error
