"""How long a machine takes for a run, and whether the model fits into its memory.

In: what the model has to compute. Out: seconds. A pass takes as long as the slowest of arithmetic, memory and the
launching of its kernels. Reading is bound by arithmetic, and writing, a token of each reply at a time, by the weights
and cached keys and values that have to be read from memory for it.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import torch

from tacit.activations.cost.cards import BLOCK_S, Card
from tacit.activations.cost.count import Counts, Passes
from tacit.activations.cost.weights import Weights
from tacit.activations.model.arithmetic import product_seconds

FILLED = 0.9
"""Most of a card's memory that the weights may fill; the rest is for states, keys and values."""
FEW = 8
"""Replies that are written at once in the timed trial."""
CPU_BLOCK_S = 3e-4
"""Like `BLOCK_S`, on a CPU: each block of a Llama of width 64 adds 0.26 ms to a pass of one token, on one core."""


@dataclass(frozen=True)
class Machine:
    """What a machine does in a second, as far as it is used."""

    name: str
    memory: float
    """Bytes."""
    rate: float
    """FLOPs per second."""
    bandwidth: float
    """Bytes per second."""
    block_s: float
    """Seconds that a pass takes in every block at least."""
    is_gpu: bool = True


@dataclass
class Load:
    """Everything that one model has to compute."""

    weights: Weights
    bytes_a_weight: float
    counts: Counts
    passes: Passes

    @property
    def reading(self) -> float:
        """FLOPs of the trees."""
        return self.weights.flops(self.counts.tree, self.counts.read_attended, self.counts.logits)

    @property
    def writing(self) -> float:
        """FLOPs of the replies."""
        return self.weights.flops(self.counts.written, self.counts.written_attended, self.counts.written)

    def seconds(self, machine: Machine) -> float:
        """On a machine that holds the model."""
        launched = self.weights.n_blocks * machine.block_s
        read = max(self.reading / machine.rate, self.passes.read * launched)
        weights = self.passes.steps * (self.weights.body + self.weights.head) * self.bytes_a_weight
        cached = self.passes.cached * self.weights.cached * max(self.bytes_a_weight, 2)
        written = max(self.writing / machine.rate, (weights + cached) / machine.bandwidth, self.passes.steps * launched)
        return read + written


def this_machine(weights: Weights, device: torch.device, dtype: torch.dtype) -> Machine:
    """Timed products with a matrix of the model's largest shape: of a few hundred tokens, and of a few."""
    n_out, n_in = weights.largest
    many = product_seconds(n_out, n_in, dtype, device=device)
    few = product_seconds(n_out, n_in, dtype, rows=FEW, device=device)
    rate, bandwidth = 2 * 256 * n_out * n_in / many, n_out * n_in * dtype.itemsize / few
    if device.type == "cuda":
        free = torch.cuda.get_device_properties(device).total_memory
        return Machine(torch.cuda.get_device_name(device), free, rate, bandwidth, BLOCK_S)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(f"this machine ({device.type})", memory, rate, bandwidth, CPU_BLOCK_S, device.type != "cpu")


def machine_of(card: Card) -> Machine:
    """A card with its assumed utilisation."""
    rate, bandwidth = card.tflops * 1e12 * card.prefill, card.bandwidth * 1e9 * card.decode
    return Machine(card.name, card.memory * 1e9, rate, bandwidth, BLOCK_S)


def n_needed(weights: Weights, bytes_a_weight: float, machine: Machine) -> int:
    """How many of this machine's devices hold the weights together."""
    return max(1, math.ceil(weights.total * bytes_a_weight / (FILLED * machine.memory)))
