"""The denoising loop with less time between its kernels: fused, or as one CUDA graph."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system1.dit import CrossContext, TimeCondition

CAPTURE_WARM_UPS = 3
GPU_ARGUMENTS: dict[str, Any] = {'mode': 'max-autotune-no-cudagraphs'}
# Hashing precompiled headers starts the system's openssl, which can't run with the libraries of
# a private ROS 2 on its path.
CPU_ARGUMENTS: dict[str, Any] = {'options': {'cpp_cache_precompile_headers': False}}


def compile_head(head: ActionHead) -> ActionHead:
    """Return a head whose transformer torch.compile fuses; it shares the weights of `head`.

    The first call compiles, for minutes at full size; a goal-token message of another length
    compiles again. On a GPU the kernels of the matrix products are chosen by trying them.
    """
    compiled: ActionHead = copy.deepcopy(
        head, {id(weight): weight for weight in head.parameters()})
    on_gpu = compiled.model.proj_out_1.weight.is_cuda
    arguments = GPU_ARGUMENTS if on_gpu else CPU_ARGUMENTS
    compiled.model.compile(fullgraph=True, dynamic=False, **arguments)
    return compiled


class DenoisingGraph:
    """All denoising steps as one CUDA graph: the host launches one thing per chunk.

    A graph repeats fixed work on fixed addresses, so it holds for one number of goal tokens and
    for one embodiment.

    Args:
        head: On a GPU, in evaluation mode; may come from `compile_head`.
        conditions: Of `ActionHead.step_conditions`.
        context: Of `DiT.prepare`, of the goal tokens to begin with.
        embodiment_id: Shape (batch,), or (1,) when all are the same.

    Raises:
        ValueError: If the head is not on a GPU.
    """

    def __init__(self, head: ActionHead, conditions: tuple[TimeCondition, ...],
                 context: CrossContext, embodiment_id: Tensor) -> None:
        keys, config = context.keys, head.config
        if not keys.is_cuda:
            raise ValueError(f'a CUDA graph needs a head on a GPU, this one is on {keys.device}; '
                             'on a CPU use the head itself, or compile_head')
        batch = keys.shape[1]
        self._context = CrossContext(*(values.clone() for values in context))
        self._state = keys.new_zeros(batch, config.state_history_length, config.max_state_dim)
        self._noise = keys.new_zeros(batch, config.action_horizon, config.max_action_dim)
        self._freedom = keys.new_ones(config.action_horizon, 1)
        # A graph keeps addresses only: whatever it reads must not be freed before it.
        self._kept = (head, conditions, embodiment_id)
        self._graph = torch.cuda.CUDAGraph()
        self._capture()

    @torch.inference_mode()
    def use(self, context: CrossContext) -> None:
        """Take over the keys, values and masks of a new goal-token message.

        Raises:
            ValueError: If it has another number of tokens; capture another graph then.
        """
        if context.keys.shape != self._context.keys.shape:
            raise ValueError(f'this graph was captured for keys of shape '
                             f'{tuple(self._context.keys.shape)}, got {tuple(context.keys.shape)}')
        for kept, new in zip(self._context, context, strict=True):
            kept.copy_(new)

    @torch.inference_mode()
    def denoise(self, state: Tensor, noise: Tensor, freedom: Tensor) -> Tensor:
        """Integrate the flow; shapes as `ActionHead.denoise`.

        Returns:
            Normalised actions; the next call overwrites them.
        """
        self._state.copy_(state)
        self._noise.copy_(noise)
        self._freedom.copy_(freedom)
        self._graph.replay()
        return self._actions

    @torch.inference_mode()
    def _capture(self) -> None:
        # Libraries allocate and kernels are chosen at first use, which a capture can't hold.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(CAPTURE_WARM_UPS):
                self._run()
        torch.cuda.current_stream().wait_stream(stream)
        with torch.cuda.graph(self._graph):
            self._actions = self._run()

    def _run(self) -> Tensor:
        head, conditions, embodiment_id = self._kept
        return head.denoise(self._context, self._state, self._noise, embodiment_id, conditions,
                            self._freedom)
