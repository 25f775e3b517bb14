"""Sample sheets: a PNG grid of generated images above real ones, or generated points beside the data."""

from __future__ import annotations

import struct
import zlib
from math import ceil, isqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wgflow.files import whole_file, write_whole

IMAGES = 64
GENERATED, REAL = "#d55e00", "#0072b2"  # told apart by every common colour vision


def save_sheet(generated: NDArray[np.float32], real: NDArray[np.float32], path: Path) -> str | None:
    """Writes a sheet of samples as PNG; returns why it could not where a library is absent, None where it did.

    generated, real: (B, channels, height, width) in [-1, 1], drawn as equal grids side by side (generated on the left), or
    (B, n): their first two coordinates as points, of n = 1 two histograms. Images need no library, points need Matplotlib.
    """
    if generated.ndim == 4:
        count = min(IMAGES, len(generated), len(real))
        write_whole(path, png(np.concatenate([grid(generated[:count]), grid(real[:count])], axis=1)))
        return None
    try:
        from matplotlib.figure import Figure  # late: only sheets of points need it
    except ImportError:
        return "sheets of points need Matplotlib; type pip install matplotlib"
    figure = Figure(figsize=(6, 6) if generated.shape[1] > 1 else (6, 3.6), layout="constrained")
    axes = figure.subplots()
    for points, colour, label in ((real, REAL, "data"), (generated, GENERATED, "generated")):
        shown = points[np.isfinite(points).all(axis=1)]
        if points.shape[1] > 1:
            axes.plot(shown[:, 0], shown[:, 1], ".", markersize=2, alpha=0.6, color=colour, label=label)
        else:
            axes.hist(shown[:, 0], bins=80, alpha=0.6, color=colour, label=label, density=True)
    if generated.shape[1] > 1:
        axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper right")
    with whole_file(path) as name:
        figure.savefig(name, format="png", dpi=100, metadata={"Software": None})
    return None


def grid(images: NDArray[np.float32], gap: int = 2) -> NDArray[np.uint8]:
    """Returns images (B, C, H, W) in [-1, 1], row by row on a nearly square grid with white gaps: (height, width, 3) bytes.

    Three channels or more are colours, of which the first three are drawn; of one or two the first is drawn in grey.

    >>> grid(np.zeros((3, 1, 4, 4), np.float32)).shape
    (14, 14, 3)
    """
    count, _, height, width = images.shape
    columns = isqrt(count - 1) + 1 if count else 1
    rows = max(1, ceil(count / columns))
    bytes_ = np.clip(np.nan_to_num(images) * 127.5 + 127.5, 0, 255).round().astype(np.uint8)
    colours = bytes_[:, :3] if images.shape[1] > 2 else np.broadcast_to(bytes_[:, :1], (count, 3, height, width))
    sheet = np.full((gap + rows * (height + gap), gap + columns * (width + gap), 3), 255, np.uint8)
    for i, image in enumerate(colours):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return sheet


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Returns (height, width, 3) bytes as a PNG file (W3C Portable Network Graphics: colour type 2, depth 8, no filter)."""
    height, width, _ = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
