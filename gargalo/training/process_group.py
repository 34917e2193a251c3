"""Where training runs: one device, or several processes that share every batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..errors import GargaloError, must
from ..io.environment import whole_number_in
from ..io.reporter import SILENT, Reporter

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Compute", "ProcessGroup", "launch"]

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Compute:
    """What a training runs on.

    Attributes
    ----------
    device : "auto", "cpu", "cuda" or "mps"
        "auto" takes a GPU where there is one, and says so.
    devices : int
        Processes on each machine, started by torchrun.
    num_nodes : int
        Machines, with torchrun on each.
    """

    device: str = "auto"
    devices: int = 1
    num_nodes: int = 1


LOCAL = Compute("cpu")


class ProcessGroup:
    """The processes that train together; mostly it is one. Several stand on Lightning Fabric.

    Parameters
    ----------
    device : device
    fabric : Fabric or None
        What several processes speak through; None for one, which saves the second that its import takes.

    Attributes
    ----------
    rank, size : int
        This process among all of them; rank 0 alone writes and speaks.
    device : device
    """

    def __init__(self, device: torch.device, fabric: Fabric | None = None):
        self.device, self._fabric = device, fabric
        self.rank, self.size = (0, 1) if fabric is None else (fabric.global_rank, fabric.world_size)

    @property
    def fabric(self) -> Fabric:
        """What several processes speak through; not asked for by one alone."""
        assert self._fabric is not None
        return self._fabric

    def setup(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        """Model and optimiser, of which every process has its own, as they are trained together.

        Parameters
        ----------
        model : LatentModel
            On this device.
        optimizer : Optimizer

        Returns
        -------
        model : Module
            Whose `loss` is to be called.
        optimizer : Optimizer
        """
        if self.size == 1:
            return model, optimizer
        module, optimizer = self.fabric.setup(model, optimizer)
        # Without this, processes would skip the averaging of gradients and drift apart unseen.
        module.mark_forward_method("loss")
        return module, optimizer

    def backward(self, loss: Tensor, weight: float) -> None:
        """Find the gradients, averaged over the processes.

        Parameters
        ----------
        loss : Tensor, ()
        weight : float
            What this process's loss counts for, as `share` gives it.
        """
        if self.size == 1:
            loss.backward()
        else:
            self.fabric.backward(loss * weight)

    def share(self, rows: Tensor) -> tuple[Tensor, float]:
        """This process's rows of a batch, and what its mean loss counts for.

        Gradients are averaged over processes: a process with fewer rows must count for less, so that together they
        give the gradient of the whole batch. Where a batch has fewer rows than there are processes, one stands in
        and counts for nothing.

        Parameters
        ----------
        rows : Tensor, (m,)
            Of the whole batch, m >= 1, the same in every process.

        Returns
        -------
        rows : Tensor, (k,)
        weight : float
            k size / m, 1 on average over the processes; 0 for one that stands in.
        """
        if self.size == 1:
            return rows, 1.0
        mine = rows[self.rank :: self.size]
        weight = len(mine) * self.size / len(rows)
        return (mine if len(mine) else rows[:1]), weight

    def place(self, epoch: int, step: int) -> tuple[int, ...]:
        """Where this process's draws of a step stand: each has its own, and rank 0 those of one process alone.

        Parameters
        ----------
        epoch, step : int
            From 0.

        Returns
        -------
        tuple of int
            A place for `generator_at`.
        """
        return (epoch, step) if self.rank == 0 else (epoch, step, self.rank, 0)

    def any(self, *flags: float) -> list[float]:
        """The largest of each number over all processes, which all have to call this.

        Parameters
        ----------
        *flags : float
            As many in every process; bools and ints are numbers too.

        Returns
        -------
        list of float
            The same in each; of several processes, rounded to float32.
        """
        if self.size == 1:
            return list(flags)
        largest = self.fabric.all_reduce(torch.tensor(flags, device=self.device), reduce_op="max")
        return torch.as_tensor(largest).tolist()

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, which all have to call this.

        Parameters
        ----------
        values : Tensor, of any shape
            Of the same shape in every process; the sum may be written into it.

        Returns
        -------
        Tensor
            Of that shape, the same in each.
        """
        if self.size == 1:
            return values
        return torch.as_tensor(self.fabric.all_reduce(values, reduce_op="sum"))

    def first(self, act: Callable[[], Any]) -> Any:
        """Call `act` in rank 0 alone, and return in every process what it gives; all have to call this.

        Parameters
        ----------
        act : function
            Without arguments. What it returns is sent to the others by pickle.

        Returns
        -------
        object

        Raises
        ------
        GargaloError
            The one that `act` raised, in every process. Any other error is raised in rank 0 alone.
        """
        if self.size == 1:
            return act()
        found, error = None, None
        if self.rank == 0:
            try:
                found = act()
            except GargaloError as raised:
                error = raised
        found, error = self.fabric.broadcast((found, error))
        if error is not None:
            raise error
        return found

    @contextmanager
    def together(self) -> Iterator[None]:
        """Whatever of PyTorch's errors another process's end brings upon this one is said in one line."""
        try:
            yield
        except RuntimeError as error:
            is_torch = isinstance(error, torch.distributed.DistError) or "gloo" in str(error).lower()
            if self.size == 1 or not is_torch:
                raise
            raise GargaloError(
                f"train: expected {self.size} processes to the end. Found in rank {self.rank} that another one has"
                " ended; its own message says why. What a checkpoint holds goes on with gargalo resume."
            ) from None

    def wait_for_all(self) -> None:
        """Go on when all processes are here: one that ends sooner takes connections from those that use them."""
        if self.size > 1:
            self.fabric.barrier()

    def local_size(self) -> int:
        """How many of the processes share this machine."""
        return whole_number_in("LOCAL_WORLD_SIZE", 1) if self.size > 1 else 1


def launch(compute: Compute = LOCAL, alone: bool = False, reporter: Reporter = SILENT) -> ProcessGroup:
    """The processes that train together, on this kind of device.

    Parameters
    ----------
    compute : Compute
    alone : bool
        This process only, also where torchrun started several.
    reporter : Reporter
        Who is told which device "auto" found.

    Returns
    -------
    ProcessGroup

    Raises
    ------
    ParameterError
        For a device that is not there, or numbers that are not those of torchrun.
    """
    device = _device(compute.device, reporter)
    total = 1 if alone else whole_number_in("WORLD_SIZE", 1, least=1)
    devices, nodes = _processes(compute, total)
    if total == 1:
        return ProcessGroup(torch.device(device) if device == "cpu" else torch.device(device, 0))
    from lightning_fabric import Fabric  # about one second to import

    # Its own greetings are for programmers.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    fabric = Fabric(accelerator=device, devices=devices, num_nodes=nodes, strategy="ddp")
    fabric.launch()
    return ProcessGroup(fabric.device, fabric)


def _device(device: str, reporter: Reporter) -> str:
    """The kind of device that is meant, if it is here."""
    if device not in DEVICES:
        raise must("device", f"one of {', '.join(DEVICES)}", device)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        device = next((kind for kind in ("cuda", "mps") if there[kind]), "cpu")
        if device != "cpu":
            reporter.notice(f"gargalo: training on {device}; choose the device cpu where that is not wanted")
    if not there[device]:
        found = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise must("device", f"one that is here: {found}", device)
    return device


def _processes(compute: Compute, total: int) -> tuple[int, int]:
    """Processes on this machine, and machines, as torchrun started them: `total` in all."""
    devices, nodes = compute.devices, compute.num_nodes
    for name, number in (("devices", devices), ("num_nodes", nodes)):
        if number < 1:
            raise must(name, "an int >= 1", number)
    if total > 1:
        here = whole_number_in("LOCAL_WORLD_SIZE", total)
        if devices not in (1, here) or nodes not in (1, total // here):
            expected = f"{here} devices and {total // here} nodes, as torchrun says"
            raise must("devices", expected, f"{devices} and {nodes}")
        return here, total // here
    if devices * nodes > 1:
        name, number = ("num_nodes", nodes) if nodes > 1 else ("devices", devices)
        more = f"--nnodes {nodes} " if nodes > 1 else ""
        hint = f"Start with torchrun {more}--nproc-per-node {devices} -m gargalo train …"
        raise must(name, "1 for one process", number, hint)
    return devices, nodes
