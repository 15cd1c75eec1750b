"""The training loop: resumable, seeded, with an average of the weights to ship.

Started by torchrun it runs in several processes, which average their gradients.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parallel import DistributedDataParallel

from groot_ros.training.batches import Batch
from groot_ros.training.objective import Losses, Objective

logger = logging.getLogger(__name__)

STATE_FILE = 'training_state.pt'
CURVE_FILE = 'curve.csv'
CURVE_COLUMNS = ('step', *Losses._fields, *(f'validation_{name}' for name in Losses._fields),
                 'learning_rate', 'samples_per_s')


@dataclass(frozen=True, slots=True)
class Schedule:
    """Optimiser settings.

    Attributes:
        steps: Optimiser steps of the whole run.
        batch_size: Samples of one process in one step.
        warmup: Steps of linear warm-up.
        cooldown: Last part of the run in which the learning rate falls to zero. Before it the
            rate is constant, so a run can be lengthened by resuming it with more steps.
    """

    steps: int
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup: int = 200
    cooldown: float = 0.35
    ema_decay: float = 0.998
    gradient_clip: float = 1.0
    report_every: int = 100
    save_every: int = 500

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        rising = min(1.0, (step + 1) / self.warmup)
        falling = min(1.0, (self.steps - step) / max(1.0, self.cooldown * self.steps))
        return self.learning_rate * rising * falling


class Trainer:
    """One run in one folder."""

    def __init__(self, objective: Objective, schedule: Schedule, folder: Path, device: str,
                 bfloat16: bool) -> None:
        """Prepare the run, or take it up where its folder left it."""
        self.objective = objective.to(device)
        self.shadow = copy.deepcopy(objective).eval().requires_grad_(False)
        self.schedule = schedule
        self.folder = folder
        self.device = device
        self.step = 0
        self._bfloat16 = bfloat16
        trained = [weight for weight in objective.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(trained, lr=schedule.learning_rate, fused=True,
                                            weight_decay=schedule.weight_decay)
        if (folder / STATE_FILE).is_file():
            self._load()
        self._parallel = DistributedDataParallel(self.objective) if dist.is_initialized() \
            else self.objective
        self._processes = dist.get_world_size() if dist.is_initialized() else 1
        self._is_leader = not dist.is_initialized() or dist.get_rank() == 0

    def run(self, draw: Callable[[int], Batch], validation: list[Batch]) -> None:
        """Train to the end of the schedule.

        Args:
            draw: Returns the batch of a step.
            validation: Batches of seeds that training never sees.
        """
        every = self.schedule.report_every
        totals, started = torch.zeros(len(Losses._fields)), time.monotonic()
        while self.step < self.schedule.steps:
            totals += torch.tensor(self._update(draw(self.step)))
            self.step += 1
            if not self._is_leader:
                continue
            if self.step % every == 0:
                samples = every * self.schedule.batch_size * self._processes
                rate = samples / (time.monotonic() - started)
                self._report((totals / every).tolist(), validation, rate)
                totals, started = torch.zeros_like(totals), time.monotonic()
            if self.step % self.schedule.save_every == 0 or self.step == self.schedule.steps:
                self._save()

    def _update(self, batch: Batch) -> tuple[float, ...]:
        self._parallel.train()
        for group in self._optimizer.param_groups:
            group['lr'] = self.schedule.rate(self.step)
        losses = self._losses(self._parallel, batch)
        self._optimizer.zero_grad()
        self.objective.total(losses).backward()
        nn.utils.clip_grad_norm_(self.objective.parameters(), self.schedule.gradient_clip)
        self._optimizer.step()
        self._update_average()
        return tuple(float(loss.detach()) for loss in losses)

    def _losses(self, objective: nn.Module, batch: Batch) -> Losses:
        batch = Batch(*(getattr(batch, name).to(self.device) for name in Batch.__slots__))
        # On a CPU the fused attention's backward is several times slower than plain products.
        attention = (sdpa_kernel(SDPBackend.MATH) if self.device == 'cpu'
                     else contextlib.nullcontext())
        with attention, torch.autocast(torch.device(self.device).type, torch.bfloat16,
                                       enabled=self._bfloat16):
            return Losses(*objective(batch))

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.schedule.ema_decay, (1 + self.step) / (10 + self.step))
        live = self.objective.state_dict()
        for name, value in self.shadow.state_dict().items():
            if value.is_floating_point():
                value.lerp_(live[name], 1 - decay)
            else:
                value.copy_(live[name])

    @torch.no_grad()
    def _report(self, training: Sequence[float], validation: list[Batch], rate: float) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            losses = [[float(loss) for loss in self._losses(self.shadow, batch)]
                      for batch in validation]
        means = [sum(column) / len(losses) for column in zip(*losses, strict=True)]
        self._write_row((self.step, *training, *means, self.schedule.rate(self.step), rate))
        parts = [f'{name} {value:.4f} (validation {mean:.4f})'
                 for name, value, mean in zip(Losses._fields, training, means, strict=True)]
        left = (self.schedule.steps - self.step) * self.schedule.batch_size * self._processes
        logger.info('step %d of %d: %s, %.0f samples/s, %s left', self.step, self.schedule.steps,
                    ', '.join(parts), rate, timedelta(seconds=round(left / rate)))

    def _write_row(self, row: tuple[float, ...]) -> None:
        path = self.folder / CURVE_FILE
        is_new = not path.exists()
        with path.open('a', newline='') as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(CURVE_COLUMNS)
            writer.writerow([f'{value:.6g}' for value in row])

    def _save(self) -> None:
        state: dict[str, Any] = {
            'step': self.step, 'objective': self.objective.state_dict(),
            'shadow': self.shadow.state_dict(), 'optimizer': self._optimizer.state_dict(),
            'random': torch.get_rng_state()}
        partial = self.folder / f'{STATE_FILE}.partial'
        torch.save(state, partial)
        os.replace(partial, self.folder / STATE_FILE)

    def _load(self) -> None:
        state = torch.load(self.folder / STATE_FILE, map_location=self.device,
                           weights_only=True)
        self.objective.load_state_dict(state['objective'])
        self.shadow.load_state_dict(state['shadow'])
        self._optimizer.load_state_dict(state['optimizer'])
        torch.set_rng_state(state['random'].cpu())
        self.step = int(state['step'])
        logger.info('resuming %s at step %d', self.folder, self.step)
