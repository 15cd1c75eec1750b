"""Instructions as the model reads them."""

import re

_PUNCTUATION = re.compile(r'[^\w\s]')


def formalize(text: str) -> str:
    """Return the text in lower case without punctuation, as N1.6 and N1.7 were trained."""
    return _PUNCTUATION.sub('', text.lower())


def formalize_words(text: str) -> str:
    """Return the words alone: lower case, no punctuation, one space between them."""
    return ' '.join(_PUNCTUATION.sub(' ', text.lower()).split())
