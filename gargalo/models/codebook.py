"""A codebook: K vectors that follow what chooses them, by moving averages."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Codebook"]

LEAST = 0.5
"""A code that fewer vectors of a batch choose, on a moving average, is dead."""


class Codebook(nn.Module):
    """`size` vectors of length `d`; every vector of a grid is moved to the nearest of them.

    Each is the mean of what chose it, with weights that fade by `decay` a step (van den Oord et al.,
    arXiv:1711.00937, appendix A.1). A dead one is put on some vector of the batch; at first all of them are.
    """

    vectors: Tensor
    counts: Tensor

    def __init__(self, size: int, d: int, decay: float):
        super().__init__()
        self.decay = decay
        self.register_buffer("vectors", torch.zeros(size, d))
        self.register_buffer("counts", torch.zeros(size))

    def forward(self, z: Tensor) -> Tensor:
        """Move latents to the vectors next to them; the gradient passes straight through.

        Parameters
        ----------
        z : Tensor, (n, d, h, w)

        Returns
        -------
        Tensor, (n, d, h, w)
        """
        return z + (self.vectors_of(self.nearest(z)) - z).detach()

    def nearest(self, z: Tensor) -> Tensor:
        """The codes of the vectors next to latents.

        Parameters
        ----------
        z : Tensor, (n, d, h, w)

        Returns
        -------
        Tensor, (n, h, w), int64
        """
        # |z|^2 is the same for every code and is left out.
        distance = self.vectors.square().sum(1) - 2 * _rows(z) @ self.vectors.T
        return distance.argmin(1).reshape(z.shape[0], *z.shape[2:])

    def vectors_of(self, codes: Tensor) -> Tensor:
        """Look up the vectors of codes.

        Parameters
        ----------
        codes : Tensor, (n, h, w), int64

        Returns
        -------
        Tensor, (n, d, h, w)
        """
        return self.vectors[codes].movedim(-1, 1)

    def used(self, codes: Tensor) -> Tensor:
        """Count how often each code occurs.

        Parameters
        ----------
        codes : Tensor, int64
            From 0 to K - 1, in any shape.

        Returns
        -------
        Tensor, (K,), float32
        """
        codes = codes.flatten()
        return torch.zeros_like(self.counts).index_add_(0, codes, self.counts.new_ones(len(codes)))

    def perplexity(self, codes: Tensor) -> Tensor:
        """exp of the entropy of the codes' shares: 1 if one code is used, K if all are used alike.

        Parameters
        ----------
        codes : Tensor, int64
            From 0 to K - 1, in any shape.

        Returns
        -------
        Tensor, ()
        """
        return torch.special.entr(self.used(codes) / codes.numel()).sum().exp()

    @torch.no_grad()
    def follow(self, z: Tensor, generator: torch.Generator | None) -> None:
        """Move every code, in place, towards the vectors that choose it; a dead one is put on some vector of the batch.

        Several processes that train together must all call it, each with its part of the batch.

        Parameters
        ----------
        z : Tensor, (n, d, h, w)
            What the encoder put out.
        generator : Generator or None
            Draws the vectors for dead codes, on the device of z; None is PyTorch's global generator.
        """
        rows = _rows(z)
        total = rows.new_tensor(float(len(rows)))
        if torch.distributed.is_initialized():  # several processes share the batch
            torch.distributed.all_reduce(total)
        # Where there are more codes than vectors, also one that is used as often as any other is used seldom.
        dead = self.counts < LEAST * (total / len(self.counts)).clamp(max=1)
        fresh = rows[torch.randint(len(rows), dead.shape, generator=generator, device=z.device)]
        if torch.distributed.is_initialized():  # every process revives the same codes with the same vectors
            torch.distributed.broadcast(fresh, 0)
        self.vectors.copy_(torch.where(dead[:, None], fresh, self.vectors))
        self.counts.masked_fill_(dead, 1.0)
        codes = self.nearest(z)
        sums = torch.zeros_like(self.vectors).index_add_(0, codes.flatten(), rows)
        used = self.used(codes)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)
            torch.distributed.all_reduce(used)
        counts = self.decay * self.counts + (1 - self.decay) * used
        moved = self.decay * self.counts[:, None] * self.vectors + (1 - self.decay) * sums
        self.vectors.copy_(moved / counts[:, None])
        self.counts.copy_(counts)


def _rows(z: Tensor) -> Tensor:
    """(n, d, h, w) -> (n h w, d)."""
    return z.movedim(1, -1).reshape(-1, z.shape[1])
