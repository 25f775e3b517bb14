"""Training data: laws beside their formulas, epochs as permutations, files as their formats say, and files that are wrong."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import subprocess
import sys
import zipfile
from math import exp

import numpy as np
import pytest

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.particles.normal_quantile import normal_quantile
from wgflow.gan.data import local_file
from wgflow.gan.data.idx import NAMES as IDX_NAMES
from wgflow.gan.data.idx import OFFICIAL
from wgflow.gan.data.names import NAMES, make_source
from wgflow.gan.data.stored import Labelled, StoredSource

RANDOM = np.random.default_rng(0)


def idx_bytes(array: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_mnist(folder, packed=True, change=None):
    """Four small IDX files with 7 and 3 images; ``change``: name -> bytes -> bytes, before packing."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for (images, labels), count in zip((IDX_NAMES[:2], IDX_NAMES[2:]), (7, 3), strict=True):
        arrays[images] = RANDOM.integers(0, 256, (count, 28, 28))
        arrays[labels] = RANDOM.integers(0, 10, count)
    for name, array in arrays.items():
        content = idx_bytes(array)
        content = change[name](content) if change and name in change else content
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    return arrays


def npz_bytes(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


# ---- laws


def test_normal_quantile_beside_mpmath():
    import mpmath

    u = np.concatenate([np.geomspace(2.0**-54, 0.4, 40), np.linspace(0.06, 0.94, 40), 1 - np.geomspace(2.0**-53, 0.4, 40)])
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(float(each)) - 1)) for each in u])
    assert np.abs(normal_quantile(u) - exact).max() < 1e-14
    assert normal_quantile(np.array([0.5]))[0] == 0 and normal_quantile(np.zeros((0, 2))).shape == (0, 2)


def test_eight_gaussians_have_their_moments():
    source = make_source("eight-gaussians", {"std": "1/5", "radius": 3})
    angle = 2 * np.pi * np.arange(8) / 8
    centres = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert np.allclose(source.mixture.centres, centres, atol=1e-12) and source.mixture.deviation == 0.2
    x = source.batch(seed=1, step=0, size=20_000).astype(float)
    apart = np.linalg.norm(x[:, None] - centres, axis=2)
    nearest, distance = apart.argmin(axis=1), apart.min(axis=1)
    assert np.bincount(nearest, minlength=8) == pytest.approx(np.full(8, 2500), abs=5 * 50)
    for deviations in (1, 2, 3):
        share = 1 - exp(-(deviations**2) / 2)
        assert (distance <= 0.2 * deviations).mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / 20_000) + 1e-4)


def test_twenty_five_gaussians_and_written_mixtures_know_their_modes():
    grid = make_source("twenty-five-gaussians").mixture
    assert sorted(map(tuple, grid.centres)) == [(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)]
    written = make_source("law", {"law": "gaussian(mean=1:2:3, std=1/2) + gaussian(mean=0, std=1/2)", "dim": 3})
    assert written.mixture.centres.tolist() == [[1, 2, 3], [0, 0, 0]] and written.mixture.deviation == 0.5
    for unequal in ("gaussian + 2*gaussian(mean=3)", "gaussian + gaussian(std=2)", "gaussian + ring", "ring"):
        assert make_source("law", {"law": unequal}).mixture is None
    assert make_source("eight-gaussians", {"std": 0}).mixture is None  # no deviation to count in


@pytest.mark.parametrize("name", ["rings", "swiss-roll", "two-moons", "twenty-five-gaussians"])
def test_laws_depend_on_seed_and_step_alone(name):
    a, b = make_source(name), make_source(name)
    b.batch(3, 0, 5)
    assert (a.batch(3, 9, 50) == b.batch(3, 9, 50)).all() and a.batch(3, 9, 50).dtype == np.float32
    for other in (a.batch(3, 10, 50), a.batch(4, 9, 50), a.reference(3, 50)):
        assert not np.isin(other, a.batch(3, 9, 50)).any()
    assert a.batch(0, 0, 0).shape == (0, 2) and a.count is None


def test_rings_lie_on_their_rings():
    x = make_source("rings", {"count": 2, "spacing": 2, "width": 0}).batch(0, 0, 3000)
    radius = np.linalg.norm(x, axis=1)
    assert np.abs(radius - 2 * np.rint(radius / 2)).max() < 1e-6
    assert (radius > 3).mean() == pytest.approx(2 / 3, abs=0.05)  # as many samples a length


# ---- stored samples


def numbered(count: int = 10, held_out: int = 4) -> StoredSource:
    train = Labelled(np.arange(count, dtype=float)[:, None], None, 0)
    return StoredSource("numbers", train, Labelled(100 + np.arange(held_out, dtype=float)[:, None], None, 0), {})


@pytest.mark.parametrize("size", [1, 3, 10, 27])
def test_epochs_are_permutations(size):
    """Whatever the batches, every run of 10 samples from the start holds each sample once."""
    source, steps = numbered(), -(-60 // size)
    values = np.concatenate([source.batch(5, step, size)[:, 0] for step in range(steps)])
    epochs = [tuple(values[i : i + 10]) for i in range(0, 60, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs) and len(set(epochs)) == 6


def test_reference_is_held_out():
    source = numbered()
    assert sorted(source.reference(0, 99)[:, 0]) == [100, 101, 102, 103] and len(source.reference(0, 2)) == 2
    assert source.count == 10 and source.batch(0, 0, 0).shape == (0, 1)
    with pytest.raises(InputError, match="3 labels"):
        StoredSource(
            "x", Labelled(np.zeros((2, 1)), np.zeros(3, np.int64), 0), Labelled(np.zeros((2, 1)), np.zeros(2, np.int64), 0), {}
        )


def test_digits():
    source = make_source("digits")
    assert source.train.values.shape == (1437, 1, 8, 8) and source.test.values.shape == (360, 1, 8, 8)
    everything = np.concatenate([source.train.values, source.test.values]).reshape(1797, -1)
    from sklearn.datasets import load_digits

    own = load_digits().data
    assert sorted(map(tuple, everything)) == sorted(map(tuple, own.astype(np.uint8)))
    assert set(np.unique(source.batch(0, 0, 500))) <= {np.float32(v / 8 - 1) for v in range(17)}
    assert len(np.unique(source.test.labels)) == 10


# ---- files


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("name", "folder"), [("mnist", "mnist"), ("mnist", "MNIST/raw"), ("fashion-mnist", "fashion-mnist")])
def test_idx_files(tmp_path, packed, name, folder):
    arrays = write_mnist(tmp_path / folder, packed)
    source = make_source(name, {"data-root": str(tmp_path)})
    assert (source.train.values[:, 0] == arrays[IDX_NAMES[0]]).all() and (source.test.labels == arrays[IDX_NAMES[3]]).all()
    assert source.shape == (1, 28, 28)
    assert source.train.shown(np.arange(7)) == pytest.approx(arrays[IDX_NAMES[0]][:, None] / 127.5 - 1, abs=1e-6)
    for path, words in source.provenance().items():
        assert hashlib.sha256((tmp_path / folder / path).read_bytes()).hexdigest() in words
        assert words.endswith("not the official file")


def test_official_contents_are_recognized(tmp_path, monkeypatch):
    arrays = write_mnist(tmp_path / "mnist")
    digests = tuple(hashlib.sha256(idx_bytes(arrays[name])).hexdigest() for name in IDX_NAMES)
    monkeypatch.setitem(OFFICIAL, "mnist", digests)
    words = make_source("mnist", {"data_root": tmp_path}).provenance().values()
    assert all(each.endswith(": official contents") for each in words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-1], "cut or damaged"),
        (lambda content: content + b"\0", "cut or damaged"),
        (lambda content: content[:5], "not an IDX file"),
        (lambda content: b"", "not an IDX file"),
        (lambda content: b"\0\0\x0d\3" + content[4:], "not an IDX file"),
        (lambda content: content[:4] + b"\xff" * 12 + content[16:], "cut or damaged"),
        (lambda content: idx_bytes(np.zeros((0, 28, 28))), "N >= 1"),
        (lambda content: idx_bytes(np.zeros((6, 28, 28))), "7 labels|6 training samples"),
    ],
)
def test_damaged_idx_files(tmp_path, change, message):
    write_mnist(tmp_path / "mnist", change={IDX_NAMES[0]: change})
    with pytest.raises(InputError, match=message):
        make_source("mnist", {"data-root": tmp_path})


def test_damaged_packing_and_too_much(tmp_path, monkeypatch):
    write_mnist(tmp_path / "mnist")
    path = tmp_path / "mnist" / (IDX_NAMES[0] + ".gz")
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"no gzip", whole[:40] + bytes(40) + whole[80:]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="get the file again"):
            make_source("mnist", {"data-root": tmp_path})
    path.write_bytes(gzip.compress(bytes(10**6)))
    monkeypatch.setattr(local_file, "MOST_BYTES", 10**5)
    with pytest.raises(InputError, match="unpacks to more than 100000"):
        make_source("mnist", {"data-root": tmp_path})


def test_absent_files_say_what_to_put_where(tmp_path):
    for name, wanted in (("mnist", "t10k-labels-idx1-ubyte"), ("cifar10", "data_batch_1.bin"), ("usps", "zip.train")):
        with pytest.raises(InputError, match=wanted):
            make_source(name, {"data-root": tmp_path})
        with pytest.raises(InputError, match="--data-root"):
            make_source(name)
        with pytest.raises(InputError, match="not a folder"):
            make_source(name, {"data-root": tmp_path / "nowhere"})


def cifar_batch(count: int) -> tuple[np.ndarray, np.ndarray, bytes]:
    x, y = RANDOM.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8), RANDOM.integers(0, 10, count, dtype=np.uint8)
    return x, y, b"".join(bytes([label]) + image.tobytes() for image, label in zip(x, y, strict=True))


def test_cifar_binary_batches(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    made = {name: cifar_batch(2) for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]}
    for name, (_, _, content) in made.items():
        (folder / name).write_bytes(content)
    source = make_source("cifar10", {"data-root": tmp_path})
    assert source.train.values.shape == (10, 3, 32, 32)
    assert (source.train.values[2:4] == made["data_batch_2.bin"][0]).all() and (
        source.test.labels == made["test_batch.bin"][1]
    ).all()
    content = made["data_batch_3.bin"][2]
    for broken, message in ((content[:-1], "it is cut"), (b"", "it is cut"), (b"\x0a" + content[1:], "class above 9")):
        (folder / "data_batch_3.bin").write_bytes(broken)
        with pytest.raises(InputError, match=message):
            make_source("cifar10", {"data-root": tmp_path})


def test_cifar_arrays_and_the_python_batches(tmp_path):
    place = tmp_path / "cifar10"
    place.mkdir()
    (place / "data_batch_1").write_bytes(b"a pickle")
    with pytest.raises(InputError, match="are pickles and are not opened"):
        make_source("cifar10", {"data-root": tmp_path})
    (x, y, _), (x_test, y_test, _) = cifar_batch(3), cifar_batch(2)
    arrays = {"x_train": np.moveaxis(x, 1, 3), "y_train": y[:, None], "x_test": np.moveaxis(x_test, 1, 3), "y_test": y_test}
    (place / "cifar10.npz").write_bytes(npz_bytes(**arrays))
    source = make_source("cifar10", {"data-root": tmp_path})
    assert (source.train.values == x).all() and (source.train.labels == y).all()
    (place / "cifar10.npz").write_bytes(npz_bytes(**{**arrays, "x_train": x[:, :, :16], "x_test": x_test[:, :, :16]}))
    with pytest.raises(InputError, match="has images of the shape"):
        make_source("cifar10", {"data-root": tmp_path})


def jpeg_arrays(count: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """JPEGs that share their first bytes, as the file has them, and the pixels that Pillow decodes."""
    image = pytest.importorskip("PIL.Image")
    packed = []
    for _ in range(count):
        file = io.BytesIO()
        image.fromarray(RANDOM.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(file, "JPEG", quality=75)
        packed.append(file.getvalue())
    shared = 100
    assert len({each[:shared] for each in packed}) == 1
    tails = [each[shared:] for each in packed]
    arrays = {
        "header": np.frombuffer(packed[0][:shared], np.uint8),
        "tails": np.frombuffer(b"".join(tails), np.uint8),
        "offset": np.cumsum([0, *map(len, tails)]).astype(np.int32),
        "label": np.arange(count, dtype=np.uint8),
        "n_train": np.int64(count - 1),
    }
    return arrays, np.stack([np.moveaxis(np.asarray(image.open(io.BytesIO(each))), 2, 0) for each in packed])


def test_jpeg_copy_is_a_data_set_of_its_own(tmp_path):
    arrays, pixels = jpeg_arrays(4)
    path = tmp_path / "cifar10" / "cifar10_jpeg75_official_order.npz"
    path.parent.mkdir()
    path.write_bytes(npz_bytes(**arrays))
    source = make_source("cifar10-jpeg75", {"data-root": tmp_path})
    assert (source.train.values == pixels[:3]).all() and (source.test.values == pixels[3:]).all()
    assert "lossy" in source.provenance()[path.name]
    with pytest.raises(InputError, match="type cifar10-jpeg75"):
        make_source("cifar10", {"data-root": tmp_path})
    for change, message in (
        ({"offset": arrays["offset"][::-1]}, "offsets"),
        ({"offset": arrays["offset"] + 10**6}, "offsets"),
        ({"n_train": np.int64(4)}, "do not fit"),
        ({"label": arrays["label"][:2]}, "do not fit"),
        ({"header": arrays["header"][::-1]}, "image 0 cannot be decoded"),
    ):
        path.write_bytes(npz_bytes(**{**arrays, **change}))
        with pytest.raises(InputError, match=message):
            make_source("cifar10-jpeg75", {"data-root": tmp_path})
    path.write_bytes(npz_bytes(**{name: value for name, value in arrays.items() if name != "label"}))
    with pytest.raises(InputError, match="holds no label"):
        make_source("cifar10-jpeg75", {"data-root": tmp_path})


def test_usps_in_three_layouts(tmp_path):
    steps = RANDOM.integers(0, 2001, (5, 16, 16))
    labels = np.array([3, 0, 9, 1, 1])
    grey = steps.reshape(5, -1) / 1000 - 1
    text = "\n".join(" ".join([f"{label}.0000", *(f"{v:.4f}" for v in row)]) for label, row in zip(labels, grey, strict=True))
    libsvm = "\n".join(
        " ".join([str(label + 1), *(f"{i + 1}:{v:.3f}" for i, v in enumerate(row))])
        for label, row in zip(labels, grey, strict=True)
    )
    arrays = npz_bytes(x_train=steps.astype(np.uint16), y_train=labels, x_test=steps[:2].astype(np.uint16), y_test=labels[:2])
    layouts = {
        "a": {"zip.train.gz": gzip.compress(text.encode()), "zip.test.gz": gzip.compress(text.encode())},
        "b": {"usps.bz2": bz2.compress(libsvm.encode()), "usps.t.bz2": bz2.compress(libsvm.encode())},
        "c": {"usps_16x16_x2000.npz": arrays},
    }
    for folder, files in layouts.items():
        (tmp_path / folder / "usps").mkdir(parents=True)
        for name, content in files.items():
            (tmp_path / folder / "usps" / name).write_bytes(content)
        source = make_source("usps", {"data-root": tmp_path / folder})
        assert (source.train.values[:, 0] == steps).all() and (source.train.labels == labels).all()
        assert source.train.shown(np.arange(5))[:, 0] == pytest.approx(steps / 1000 - 1, abs=1e-6)
    for broken in (b"", b"1 2 3", b"1 " + b"0 " * 255 + b"7", b"11 " + b"0 " * 256, b"1 " + b"nan " * 256, b"\xff"):
        (tmp_path / "a" / "usps" / "zip.train.gz").write_bytes(gzip.compress(broken))
        with pytest.raises(InputError, match=r"zip.train.gz"):
            make_source("usps", {"data-root": tmp_path / "a"})


def test_own_arrays(tmp_path):
    path = tmp_path / "own.npz"
    points = RANDOM.normal(size=(6, 3))
    path.write_bytes(npz_bytes(x_train=points, x_test=points[:2]))
    source = make_source("npz", {"file": str(path)})
    assert source.shape == (3,) and set(source.batch(0, 0, 6)[:, 0]) == set(points[:, 0].astype(np.float32))
    path.write_bytes(npz_bytes(x_train=np.zeros((4, 9, 8), np.uint8), x_test=np.full((2, 9, 8), 255, np.uint8)))
    source = make_source("npz", {"file": "own.npz", "data-root": tmp_path})
    assert source.shape == (1, 9, 8) and source.batch(0, 0, 2).max() == -1 and source.reference(0, 2).min() == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz_bytes(x_train=np.array([{}], dtype=object), x_test=np.zeros((2, 2))), "cannot be read as .npz"),  # a pickle
        (npz_bytes(x_train=np.zeros((2, 2))), "holds no x_test"),
        (npz_bytes(x_train=np.zeros((2, 2)), x_test=np.zeros((2, 3))), "held-out part has the shape"),
        (npz_bytes(x_train=np.full((2, 2), np.nan), x_test=np.zeros((2, 2))), "it must hold"),
        (npz_bytes(x_train=np.zeros((2, 2)), x_test=np.zeros((2, 2)), y_train=np.zeros(2, int)), "one part has classes"),
        (
            npz_bytes(x_train=np.zeros((2, 2)), x_test=np.zeros((2, 2)), y_train=np.zeros(2), y_test=np.zeros(2)),
            "no whole numbers",
        ),
        (npz_bytes(x_train=np.zeros((2, 4, 4)), x_test=np.zeros((2, 4, 4))), "it must hold"),  # images of floats: which range?
        (npz_bytes(x_train=np.zeros((2, 2)), x_test=np.zeros((2, 2)))[:-30], "cannot be read as .npz"),
        (b"", "cannot be read as .npz"),
        (b"\x93NUMPY", "cannot be read as .npz"),
    ],
)
def test_wrong_arrays(tmp_path, content, message):
    (tmp_path / "own.npz").write_bytes(content)
    with pytest.raises(InputError, match=message):
        make_source("npz", {"file": str(tmp_path / "own.npz")})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mnst", {}, "type one of eight-gaussians"),
        ("rings", {"radius": 2}, "no option 'radius'; it takes count, spacing, width"),
        ("digits", {"data-root": "."}, "no option 'data-root'"),
        ("rings", {"count": "2.5"}, "whole number"),
        ("eight-gaussians", {"std": "-1"}, "at least 0"),
        ("eight-gaussians", {"std": "1, radius=3"}, "not a number"),
        ("eight-gaussians", {"std": float("nan")}, "not a number"),
        ("law", {}, "needs a law"),
        ("law", {"law": "ring", "dim": 3}, "dimension 2, not 3"),
        ("law", {"law": "__import__('os')"}, "not understood|not known"),
        ("npz", {}, "needs a file"),
        ("npz", {"file": "nowhere.npz"}, "cannot be read"),
    ],
)
def test_wrong_options(name, options, message):
    with pytest.raises(InputError, match=message):
        make_source(name, options)


def test_laws_need_neither_scipy_nor_scikit_learn():
    code = (
        "import sys; from wgflow.gan.data.names import make_source; make_source('swiss-roll').batch(0, 0, 9); "
        "print({'scipy', 'sklearn', 'flint', 'numba', 'xarray', 'matplotlib', 'PIL'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
    assert len(NAMES) == len(set(NAMES)) == 13


def arrays_file(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return packed.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_arrays_that_are_none_or_made_to_hurt(tmp_path):
    whole = io.BytesIO()
    np.save(whole, RANDOM.integers(0, 256, (300, 8, 8)).astype(np.uint8))
    packed = arrays_file(x_train=whole.getvalue(), x_test=whole.getvalue())
    cases = {
        "no array": arrays_file(x_train=b"hello", x_test=b"hello"),
        "damaged": packed[:60] + bytes(30) + packed[90:],
        "encrypted": packed.replace(b"PK\x01\x02\x3f\x03\x3f\x00\x02", b"PK\x01\x02\x3f\x03\x3f\x00\x03"),
        "too long": arrays_file(x_train=header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({10**30}, 8, 8)}}")),
        "too deep": arrays_file(x_train=header("(" * 5000)),
    }
    assert cases["encrypted"] != packed
    for name, content in cases.items():
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(InputError) as caught:
            make_source("npz", {"file": "a.npz", "data-root": str(tmp_path)})
        assert "\n" not in str(caught.value), name


@pytest.mark.parametrize("x", [np.ones((9, 0)), np.ones((9, 0, 5), np.uint8), np.full((9, 2), 1e300)])
def test_arrays_that_cannot_be_trained_on(tmp_path, x):
    np.savez(tmp_path / "a.npz", x_train=x, x_test=x)
    with pytest.raises(InputError, match=r"empty array|beyond 1e"):
        make_source("npz", {"file": "a.npz", "data-root": str(tmp_path)})


def test_laws_beyond_float32_and_paths_that_are_none(tmp_path):
    with pytest.raises(InputError, match="mean is beyond"):
        make_source("law", {"law": "gaussian(mean=1e30)", "dim": 1})
    with pytest.raises(InputError, match="null byte"):
        make_source("npz", {"file": "a\0b"})
