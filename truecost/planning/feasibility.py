"""Does it fit the GPU: memory to train and to serve a model, with a margin, in GB of 10^9 bytes.

Full fine-tuning holds 12, 16 or 18 bytes a parameter: weights, gradients and optimizer (F9 is 16: 112 GB for 7B). LoRA
holds the base model in two bytes and trains adapters alone (F18: 16 to 24 GB); QLoRA holds it in four bits and their
quantization constants, 0.127 bits a parameter after double quantization (Dettmers et al. 2023; F21: 24 GB). Activations
are those of gradient checkpointing: one hidden state a layer and the inside of one layer, 34 bytes a token and hidden
unit (Korthikanti et al. 2022), and the logits in four bytes and two.
"""

from __future__ import annotations

from dataclasses import dataclass

from truecost.workspace.lifecycle import Approach, Base

_GB = 1e9
_TRAINED_BYTES = 16  # an adapter's parameter: weights, gradients and optimizer in mixed precision
_CUDA_GB = 1.0  # context and workspace of the libraries
_FOUR_BITS = (4 + 0.127) / 8


@dataclass(frozen=True)
class Memory:
    """What of a GPU's memory is taken by what, in GB."""

    weights: float
    training_state: float
    activations: float
    adapters: float
    kv_cache: float
    overhead: float = _CUDA_GB

    @property
    def total(self) -> float:
        return self.weights + self.training_state + self.activations + self.adapters + self.kv_cache + self.overhead

    def with_margin(self, margin: float) -> float:
        return self.total * (1 + margin)

    def gpus(self, gpu_memory: float, margin: float) -> int:
        """How many GPUs of ``gpu_memory`` GB it takes, with the margin left free on each."""
        return max(1, -int(-self.with_margin(margin) // gpu_memory))


def adapter_parameters(base: Base) -> int:
    """Parameters of an adapter on every linear map of each layer."""
    hidden, kv = base.hidden, base.hidden * base.kv_heads // base.heads
    maps = [(hidden, hidden), (hidden, kv), (hidden, kv), (hidden, hidden)]
    maps += [(hidden, base.feed_forward), (hidden, base.feed_forward), (base.feed_forward, hidden)]
    return base.layers * base.rank * sum(rows + columns for rows, columns in maps)


def training_memory(base: Base, approach: Approach) -> Memory | None:
    """What training takes; None where nothing of ours is trained."""
    if approach not in ("lora", "qlora", "full"):
        return None
    parameters = float(base.parameters_billion)
    tokens = base.sequence
    checkpoints = base.layers * tokens * base.hidden * 2 + 34 * tokens * base.hidden
    activations = (checkpoints + tokens * base.vocabulary * 6) / _GB
    if approach == "full":
        return Memory(2 * parameters, (base.bytes_per_parameter - 2) * parameters, activations, 0, 0)
    weights = parameters * (_FOUR_BITS if approach == "qlora" else 2)
    state = adapter_parameters(base) * _TRAINED_BYTES / _GB
    return Memory(weights, state, activations, 0, 0)


def serving_memory(base: Base, approach: Approach, active_adapters: int) -> Memory | None:
    """What a replica takes: the adapters of the active set, not all there are (F20); None where a provider serves."""
    if approach not in ("lora", "qlora", "full"):
        return None
    weights = float(base.parameters_billion) * (_FOUR_BITS if approach == "qlora" else 2)
    adapters = 0.0 if approach == "full" else active_adapters * adapter_parameters(base) * 2 / _GB
    return Memory(weights, 0, 0, adapters, kv_bytes_per_token(base) * base.context * base.concurrent / _GB)


def kv_bytes_per_token(base: Base) -> int:
    """Keys and values of a token in 16 bits; grouped-query attention keeps ``kv_heads`` of ``heads`` of them."""
    return 2 * base.layers * base.kv_heads * (base.hidden // base.heads) * 2
