"""A small residual network that reads handwritten digits; how many blocks it has is a parameter.

Needs PyTorch (pip install torch), which nothing else here does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from hypertendril.jobs.training import TrialContext

CHECKPOINT = "network.npz"
SPLIT_SEED = 0


def train(trial: TrialContext) -> dict[str, float]:
    """Train one network; report after each epoch, return its size."""
    torch.set_num_threads(1)
    torch.manual_seed(trial.seed + trial.from_step)
    train_x, val_x, train_y, val_y = data()
    network = build(trial.params["blocks"], trial.params["channels"])
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=trial.params["learning_rate"],
        momentum=trial.params["momentum"],
        weight_decay=trial.params["weight_decay"],
        nesterov=trial.params["momentum"] > 0,
    )
    if trial.checkpoint is not None:
        load(network, optimizer, trial.checkpoint)
    for epoch in trial.steps():
        train_loss = train_epoch(network, optimizer, train_x, train_y, trial.params["batch_size"])
        loss, accuracy = judge(network, val_x, val_y)
        trial.report(epoch, val_accuracy=accuracy, val_loss=loss, train_loss=train_loss)
    save(network, optimizer, trial.checkpoint_dir)
    return {"model_size": sum(part.numel() for part in network.parameters())}


def build(blocks: int, channels: int) -> nn.ModuleDict:
    """Return the untrained network: a stem, residual blocks, a head."""
    return nn.ModuleDict(
        {
            "stem": nn.Sequential(*convolution(1, channels), nn.ReLU()),
            "blocks": nn.ModuleList(
                nn.Sequential(
                    *convolution(channels, channels), nn.ReLU(), *convolution(channels, channels)
                )
                for _ in range(blocks)
            ),
            "head": nn.Linear(channels, 10),
        }
    )


def convolution(from_channels: int, to_channels: int) -> tuple[nn.Module, nn.Module]:
    """Return a convolution of 3 x 3 pixels and what keeps its outputs in scale."""
    layer = nn.Conv2d(from_channels, to_channels, 3, padding=1, bias=False)
    return layer, nn.BatchNorm2d(to_channels)


def forward(network: nn.ModuleDict, images: torch.Tensor) -> torch.Tensor:
    """Return (n, 10) scores of (n, 1, 8, 8) images: each block adds to what came before it."""
    found = network["stem"](images)
    for block in network["blocks"]:
        found = torch.relu(found + block(found))
    return network["head"](found.mean(dim=(2, 3)))


def train_epoch(
    network: nn.ModuleDict,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    digits: torch.Tensor,
    batch_size: int,
) -> float:
    """Train once over all images; return the mean loss."""
    network.train()
    total = 0.0
    for rows in torch.randperm(len(images)).split(batch_size):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(forward(network, images[rows]), digits[rows])
        loss.backward()
        optimizer.step()
        total += len(rows) * loss.item()
    return total / len(images)


def judge(
    network: nn.ModuleDict, images: torch.Tensor, digits: torch.Tensor
) -> tuple[float, float]:
    """Return loss and accuracy on images it was not trained on."""
    network.eval()
    with torch.no_grad():
        scores = forward(network, images)
    loss = nn.functional.cross_entropy(scores, digits).item()
    return loss, (scores.argmax(dim=1) == digits).double().mean().item()


def save(network: nn.ModuleDict, optimizer: torch.optim.SGD, folder: Path) -> None:
    """Save plain arrays: nothing that is loaded can run."""
    arrays = {f"network.{name}": part.numpy() for name, part in network.state_dict().items()}
    for i, part in enumerate(network.parameters()):
        speed = optimizer.state[part].get("momentum_buffer")
        if speed is not None:
            arrays[f"momentum.{i}"] = speed.numpy()
    np.savez(folder / CHECKPOINT, **arrays)


def load(network: nn.ModuleDict, optimizer: torch.optim.SGD, folder: Path) -> None:
    """Go on from a checkpoint, its own or that of a parent with the same shape."""
    with np.load(folder / CHECKPOINT, allow_pickle=False) as saved:
        names = network.state_dict()
        network.load_state_dict({name: torch.tensor(saved[f"network.{name}"]) for name in names})
        for i, part in enumerate(network.parameters()):
            if f"momentum.{i}" in saved:
                optimizer.state[part]["momentum_buffer"] = torch.tensor(saved[f"momentum.{i}"])


@cache
def data() -> tuple[Any, ...]:
    """Return training and validation images in [0, 1] as (n, 1, 8, 8), then their labels."""
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)[:, None]
    parts = train_test_split(
        images, digits.target, test_size=0.3, random_state=SPLIT_SEED, stratify=digits.target
    )
    return tuple(torch.tensor(part) for part in parts)
