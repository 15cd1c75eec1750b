"""A real browser for tests: the Chromium of this machine, driven by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

COMMANDS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
FLAGS = ['--disable-gpu', '--disable-quic']
MISSING = ('no browser on this machine: sudo apt install chromium, or '
           'scripts/env --with test playwright install chromium')


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a browser; skip the test, saying so, where there is none."""
    with sync_playwright() as playwright:
        command = _find(playwright)
        if command is None:
            pytest.skip(MISSING)
        browser = playwright.chromium.launch(executable_path=command, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _find(playwright: Playwright) -> str | None:
    """Return the command of a Chromium: the system's, else one that playwright fetched."""
    for name in COMMANDS:
        if command := shutil.which(name):
            return command
    own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None
