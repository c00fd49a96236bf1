"""Cards that a run may be planned for, with what of them is expected to be used.

Peak rates are those of the makers' data sheets, dense and in bfloat16 with float32 accumulation; where a sheet gives
only the rate with sparsity, half of it.

Assumed utilisation. Prefill: a well-tuned training run reaches 0.46 (PaLM, Chowdhery et al. 2022, section 4.1) to 0.52
(Megatron, Narayanan et al. 2021, table 1) of an A100's peak; eager transformers with a dense mask stay below, and cards
with a higher ratio of arithmetic to bandwidth further below. Decode: share of the memory bandwidth; compiled PyTorch
reaches about 0.7 of an A100's ("Accelerating Generative AI with PyTorch II: GPT, Fast", PyTorch blog, 2023), and
0.5 leaves room for eager kernels. None of these was measured with tacit, on any card: the times are rough.
"""

from __future__ import annotations

from dataclasses import dataclass

BLOCK_S = 1e-3
"""Seconds that a pass takes in every block at least: eager PyTorch launches its kernels one by one. The PyTorch blog
above has 25.5 tokens a second for Llama 7B in eager PyTorch on an A100, that is 1.2 ms in each of the 32 blocks."""


@dataclass(frozen=True)
class Card:
    """A GPU as its data sheet describes it."""

    name: str
    memory: float
    """GB (10^9 bytes)."""
    tflops: float
    """Peak dense bfloat16 rate in 10^12 FLOPs per second."""
    bandwidth: float
    """Of its memory, in GB per second."""
    prefill: float
    """Assumed share of the peak rate while prompts are read."""
    decode: float = 0.5
    """Assumed share of the bandwidth while replies are written."""


CARDS = (
    # NVIDIA DGX B200 data sheet: 8 GPUs, 1440 GB, 64 TB/s, 36 PFLOPS dense FP8, half of it in bfloat16
    Card("B200", 180, 2250, 8000, 0.30),
    # NVIDIA H200 data sheet, SXM: 141 GB, 4.8 TB/s, 1979 TFLOPS with sparsity
    Card("H200 SXM", 141, 989, 4800, 0.35),
    # NVIDIA H100 data sheet, SXM: 80 GB, 3.35 TB/s, 1979 TFLOPS with sparsity
    Card("H100 SXM", 80, 989, 3350, 0.35),
    # NVIDIA H100 data sheet, PCIe: 80 GB, 2 TB/s, 1513 TFLOPS with sparsity
    Card("H100 PCIe", 80, 756, 2000, 0.35),
    # NVIDIA A100 data sheet, SXM: 80 GB, 2039 GB/s, 312 TFLOPS
    Card("A100 80GB", 80, 312, 2039, 0.40),
    # NVIDIA A100 data sheet, SXM: 40 GB, 1555 GB/s, 312 TFLOPS
    Card("A100 40GB", 40, 312, 1555, 0.40),
    # NVIDIA L40S data sheet: 48 GB, 864 GB/s, 362 TFLOPS
    Card("L40S", 48, 362, 864, 0.35),
    # NVIDIA RTX A6000 data sheet: 48 GB, 768 GB/s; 155 TFLOPS dense (Ampere GA102 whitepaper)
    Card("RTX A6000", 48, 155, 768, 0.40),
    # NVIDIA Ada GPU architecture whitepaper, table 2: 24 GB, 1008 GB/s, 165.2 TFLOPS with float32 accumulation
    Card("RTX 4090", 24, 165, 1008, 0.45),
    # NVIDIA L4 data sheet: 24 GB, 300 GB/s, 242 TFLOPS with sparsity
    Card("L4", 24, 121, 300, 0.40),
)
