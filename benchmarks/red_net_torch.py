"""RED-Net of `srredsim.networks.red_net` and its step of training once more in PyTorch, channels-last, to compare with.

The same layers, loss and optimiser, of the same numbers of weights. PyTorch is none of this project's packages:
``pip install torch``.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class RedNet(nn.Module):
    """(batch, channels, y, x) -> (batch, 1, 2y, 2x): symmetric wiring, on top of the widefield image."""

    def __init__(self, channels: int, filters: int, depth: int = 21):
        super().__init__()
        inputs = [channels] + [filters] * (depth - 1)
        self.encoder = nn.ModuleList(nn.Conv2d(number, filters, 3, padding=1) for number in inputs)
        self.decoder = nn.ModuleList(nn.Conv2d(filters, filters, 3, padding=1) for _ in range(depth))
        self.upsampling = nn.ConvTranspose2d(filters, filters, 3, stride=2, padding=1, output_padding=1)
        self.image = nn.Conv2d(filters, 1, 3, padding=1)
        nn.init.zeros_(self.image.weight)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        x, encoded, depth = frames, [], len(self.decoder)
        for layer in self.encoder:
            x = functional.relu(layer(x))
            encoded.append(x)
        for stage, layer in enumerate(self.decoder, start=1):
            x = functional.relu(layer(x))
            if stage % 2 and stage < depth - 1:
                x = functional.relu(x + encoded[depth - stage - 1])
        x = functional.relu(self.upsampling(x))
        with torch.autocast("cpu", enabled=False):
            image = self.image(x.float())
            start = frames.mean(1, keepdim=True)
            return image + functional.interpolate(start, scale_factor=2, mode="bilinear", align_corners=False)


def training_step(filters: int, precision: str, frames: np.ndarray, truth: np.ndarray) -> Callable[[], float]:
    """A step on the same images, which are (batch, y, x, channels); returns its loss."""
    network = RedNet(frames.shape[-1], filters).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), eps=1e-7)
    seen, wanted = (torch.from_numpy(images).permute(0, 3, 1, 2) for images in (frames, truth))  # a view: channels last

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            image = network(seen)
        loss = functional.l1_loss(image, wanted)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step
