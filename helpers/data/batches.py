"""Batches of a split for PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.data.splits import Split

if TYPE_CHECKING:
    import torch


def loader(
    split: Split,
    batch_size: int,
    shuffle: bool = False,
    flat: bool = True,
    seed: int | None = None,
) -> torch.utils.data.DataLoader:
    """Batches of a split, as a PyTorch DataLoader.

    The images already lie in memory, so each batch is fetched whole, by its list of
    indices, instead of image by image.

    Parameters
    ----------
    split : Split
    batch_size : int
        The last batch holds what is left over.
    shuffle : bool
        Take the images in a new random order in each epoch.
    flat : bool
        Yield rows of 784 pixels instead of images.
    seed : int, optional
        Makes the orders depend on this seed alone. By default they come from
        PyTorch's global random state.

    Returns
    -------
    torch.utils.data.DataLoader
        Yields `(x, y)`: `x` float32 (B, 784), or (B, 1, 28, 28) if not flat, values
        in [0, 1]; `y` int64 (B,).
    """
    import torch
    from torch.utils.data import DataLoader

    shape = (len(split), -1) if flat else (len(split), 1, *split.images.shape[1:])
    images = torch.from_numpy(split.images).reshape(shape)
    labels = torch.from_numpy(split.labels)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return DataLoader(
        # It lacks only the base class, for which this module would import torch.
        _InMemory(images, labels),  # ty: ignore[invalid-argument-type]
        batch_size=batch_size,
        shuffle=shuffle,
        collate_fn=_as_it_is,
        generator=generator,
    )


class _InMemory:
    """A data set in PyTorch's sense whose `__getitems__` returns a finished batch."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor):
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int):
        return self.images[index], self.labels[index]

    def __getitems__(self, indices: list[int]):
        chosen = self.labels.new_tensor(indices)
        return self.images.index_select(0, chosen), self.labels.index_select(0, chosen)


def _as_it_is(batch):
    return batch
