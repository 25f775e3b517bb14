"""Quiet lattices, named clouds and particle files: against direct sums, known laws, and files meant to break the reader."""

import io
import itertools
import pickle
import zipfile
from math import erf, pi, sqrt

import numpy as np
import pytest
from scipy import stats

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.modes import mode_text, parse_modes, torus_modes, wavevectors
from wgflow.dynamics.particles.initial import KNOWN, parse_cloud, sample
from wgflow.dynamics.particles.lattice import generator, lattice
from wgflow.dynamics.particles.particle_file import read_particles
from wgflow.dynamics.particles.quiet import Wave, quiet_start
from wgflow.dynamics.particles.shape import SHAPES
from wgflow.dynamics.random_streams import stream


def naive_modes(x, modes, period, weights):
    return np.array([(weights * np.exp(-1j * (x @ xi))).sum() for xi in wavevectors(modes, period)])


def low_modes(dim, most):
    """One of each pair m, -m."""
    return tuple(m for m in itertools.product(range(-most, most + 1), repeat=dim) if m > tuple(-i for i in m))


# --- modes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_torus_modes_against_the_sum(dim):
    rng = np.random.default_rng(dim)
    x, weights = rng.normal(scale=5, size=(20_001, dim)), rng.normal(size=20_001)
    modes = (*low_modes(dim, 2), (37,) + (0,) * (dim - 1), (-5,) * dim)
    expected = naive_modes(x, modes, 3.7, weights)
    assert np.abs(torus_modes(x, modes, 3.7, weights) - expected).max() < 1e-14 * np.abs(weights).sum()
    equal = naive_modes(x, modes, 3.7, np.full(len(x), 1 / len(x)))
    assert np.abs(torus_modes(x, modes, 3.7) - equal).max() < 1e-14


def test_torus_modes_do_not_depend_on_the_period_cell():
    x = np.random.default_rng(0).random((1000, 2))
    modes = ((1, 2), (3, -1))
    assert np.abs(torus_modes(x + np.array([4, -7]), modes, 1.0) - torus_modes(x, modes, 1.0)).max() < 1e-13
    assert torus_modes(np.zeros((0, 2)), modes, 1.0).tolist() == [0, 0]


def test_modes_are_read_back():
    modes = parse_modes("1:0, 1:1,0:-2", 2)
    assert parse_modes(",".join(map(mode_text, modes)), 2) == modes == ((1, 0), (1, 1), (0, -2))


@pytest.mark.parametrize(
    ("text", "dim", "says"),
    [
        ("", 1, "missing"),
        ("1,,2", 1, "missing"),
        ("0", 1, "mass"),
        ("0:0", 2, "mass"),
        ("1,2,1", 1, "twice"),
        ("1:1,-1:-1", 2, "twice"),
        ("1:2:3", 2, "components"),
        ("1.5", 1, "whole number"),
        ("1e3", 1, "whole number"),
        ("9999999", 1, "whole number"),
        (",".join(map(str, range(1, 2000))), 1, "at most"),
        (5, 1, "text"),
    ],
)
def test_wrong_modes_are_refused(text, dim, says):
    with pytest.raises(InputError, match=says):
        parse_modes(text, dim)


# --- lattices and quiet starts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "dim"), [(1, 1), (1, 2), (2, 2), (89, 2), (60, 3), (300, 3)])
def test_shortest_dual_vector_by_brute_force(count, dim):
    """The lattice sums to 0 at every mode shorter than the length that `generator` states, and not at one of that length."""
    _, length = generator(count, dim)
    points = lattice(count, dim)
    most = int(length) + 1
    modes = low_modes(dim, most)
    size = np.sqrt([sum(m * m for m in mode) for mode in modes])
    loud = np.abs(torus_modes(points, modes, 1.0)) > 1e-12
    assert size[loud].min() == pytest.approx(length)


@pytest.mark.parametrize(("count", "dim"), [(100, 2), (10_000, 2), (100_000, 2), (1000, 3), (100_000, 3), (10_000, 4)])
def test_lattices_are_no_worse_than_grids(count, dim):
    assert generator(count, dim)[1] >= count ** (1 / dim)


@pytest.mark.parametrize(
    ("dim", "waves"),
    [
        (1, (Wave((1,), 0.01), Wave((2,), 0.02, 1.0), Wave((5,), 0.01, -2.0))),
        (1, (Wave((3,), 0.9),)),
        (2, (Wave((1, 0), 0.01), Wave((1, 1), 0.02, 0.3), Wave((-2, 1), 0.01, 2.0))),
        (2, (Wave((1, 0), 0.4), Wave((0, 1), 0.4, 0.3))),
        (3, (Wave((1, 0, 2), 0.01), Wave((1, 1, 0), 0.01, 0.3), Wave((0, 2, -1), 0.01))),
    ],
)
def test_quiet_starts_have_the_prescribed_modes_and_no_others(dim, waves):
    x = quiet_start(100_000, 3.0, waves, dim)
    modes = low_modes(dim, 6 if dim == 1 else 3)
    expected = np.zeros(len(modes), dtype=complex)
    for wave in waves:
        for mode, phase in ((wave.mode, wave.phase), (tuple(-m for m in wave.mode), -wave.phase)):
            if mode in modes:
                expected[modes.index(mode)] = wave.amplitude / 2 * np.exp(1j * phase)
    assert x.shape == (100_000, dim) and x.min() >= 0 and x.max() < 3
    assert np.abs(naive_modes(x, modes, 3.0, np.full(len(x), 1e-5)) - expected).max() < 1e-14


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_second_species_is_as_quiet_and_apart(dim):
    first, second = (quiet_start(1000, 1.0, (Wave((1, 0, 0)[:dim], 1e-4),), dim, between) for between in (False, True))
    modes = low_modes(dim, 2)
    assert np.abs(torus_modes(first, modes, 1.0) - torus_modes(second, modes, 1.0)).max() < 1e-15
    gaps = first[:200, None] - second[None]
    nearest = np.sqrt((np.abs(gaps - np.round(gaps)) ** 2).sum(axis=-1)).min(axis=1)
    assert nearest.min() > 0.4 * 1000 ** (-1 / dim)


def test_small_quiet_starts():
    assert quiet_start(1, 1.0, (), 2).shape == (1, 2)
    two = quiet_start(2, 1.0, (Wave((1,), 0.5),), 1)
    assert np.isfinite(two).all() and two[0] != two[1]


def test_wrong_quiet_starts_are_refused():
    with pytest.raises(InputError, match="sum to"):
        quiet_start(10, 1.0, (Wave((1,), 0.6), Wave((2,), 0.4)), 1)
    with pytest.raises(InputError, match="sum to"):
        quiet_start(10, 1.0, (Wave((1,), float("nan")),), 1)
    with pytest.raises(InputError, match="components"):
        quiet_start(10, 1.0, (Wave((1,), 0.1),), 2)
    with pytest.raises(InputError, match="dimension 1 to 4"):
        quiet_start(10, 1.0, (), 7)
    with pytest.raises(InputError, match="points"):
        lattice(0, 2)


# --- clouds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_shape(shape, quiet):
    for dim in {shape.dims[0], shape.dims[1] or 3}:
        x = sample(shape.signature, 500, dim, 3, "start", quiet)
        assert x.shape == (500, dim) and np.isfinite(x).all()
        assert (x == sample(shape.name, 500, dim, 3, "start", quiet)).all()
        assert sample(shape.name, 0, dim, quiet=quiet).shape == (0, dim)
        assert np.isfinite(sample(shape.name, 1, dim, quiet=quiet)).all()
    assert shape.signature in KNOWN


def test_gaussians_and_uniforms_have_their_laws():
    x = sample("gaussian(mean=3, std=0.5)", 4000, 2, seed=1)
    assert stats.kstest(x[:, 0], stats.norm(3, 0.5).cdf).pvalue > 1e-3
    assert stats.kstest(x[:, 1], stats.norm(0, 0.5).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(x.T)[0, 1]) < 4 / sqrt(4000)
    u = sample("uniform(low=-2, high=5)", 4000, 1, seed=1)
    assert stats.kstest(u[:, 0], stats.uniform(-2, 7).cdf).pvalue > 1e-3
    assert (sample("gaussian(mean=1:-2:0.5, std=0)", 3, 3) == [1, -2, 0.5]).all()


def test_mixtures_have_their_law():
    x = sample("gaussian(mean=-2) + 3*gaussian(mean=2, std=1/2)", 4000, 1, seed=2)[:, 0]

    def law(t):
        return stats.norm(-2, 1).cdf(t) / 4 + 3 * stats.norm(2, 0.5).cdf(t) / 4

    assert stats.kstest(x, law).pvalue > 1e-3
    assert [part.share for part in parse_cloud("1/2*point + 1e-1*point+0.4*point", 1)] == pytest.approx([0.5, 0.1, 0.4])


@pytest.mark.parametrize(
    ("text", "square"),  # E |x|^2 from the definition of each law
    [
        ("ring(radius=3, width=0.2)", 9 + 0.04),
        ("rings(count=3, spacing=1, width=0)", (1 + 8 + 27) / 6),
        ("eight-gaussians(radius=2, std=0.1)", 4 + 2 * 0.01),
        ("25-gaussians(spacing=2, std=0.1)", 2 * 8 + 2 * 0.01),
        ("swiss-roll(radius=2, width=0.1)", 4 * (27 - 1) / 27 / 2 + 2 * 0.01),
        ("two-moons(radius=1, width=0.1)", (1 + (2.25 - 2 / pi)) / 2 + 2 * 0.01),
    ],
)
def test_planar_shapes_have_their_second_moment(text, square):
    """Swiss roll: angle uniform on [a, 3a], radius proportional to it: 4 (27-1)/(3 * 2 * 9). Moons: 1 and
    1 + 5/4 - 2 (E cos + E sin / 2) = 9/4 - 2/pi for the half circle's E cos = 0, E sin = 2/pi."""
    exact = square if "swiss" not in text else 4 * (27 - 1) / (3 * 2 * 9) + 2 * 0.01
    for quiet in (False, True):
        squares = (sample(text, 20_000, 2, seed=5, quiet=quiet) ** 2).sum(axis=1)
        assert abs(squares.mean() - exact) < max(5 * squares.std() / sqrt(20_000), 1e-12)


def test_quiet_samples_are_quieter():
    random, quiet = (sample("gaussian", 4096, 2, seed=4, quiet=q) for q in (False, True))
    assert (
        np.abs(np.exp(1j * quiet).mean(axis=0) - np.exp(-0.5)).max()
        < 0.1 * np.abs(np.exp(1j * random).mean(axis=0) - np.exp(-0.5)).max()
    )
    line = sample("gaussian", 1001, 1, quiet=True)[:, 0]
    middle = np.array([0.5 * (1 + erf(value / sqrt(2))) for value in line])
    assert np.abs(middle - (np.arange(1001) + 0.5) / 1001).max() < 1e-14


def test_streams_are_apart():
    a, b = sample("gaussian", 1000, 1, 7, "start"), sample("gaussian", 1000, 1, 7, "target")
    assert abs(np.corrcoef(a[:, 0], b[:, 0])[0, 1]) < 0.15
    assert (sample("gaussian", 10, 1, 7, "start") == a[:10]).all()
    assert stream(7, "start").random() != stream(8, "start").random()


@pytest.mark.parametrize(
    ("text", "dim", "says"),
    [
        ("", 1, "text"),
        (None, 1, "text"),
        ("donut", 2, "eight-gaussians"),
        ("ring", 3, "dimension 2"),
        ("gaussian(mean=1:2)", 3, "components"),
        ("gaussian(std=-1)", 1, "at least 0"),
        ("gaussian(std=1e200)", 1, "1e100"),
        ("gaussian(std=nan)", 1, "not a number"),
        ("gaussian(std=1, std=2)", 1, "twice"),
        ("gaussian(2)", 1, "does not take"),
        ("gaussian(__class__=2)", 1, "does not take"),
        ("gaussian(mean=1", 1, "not understood"),
        ("gaussian + ", 1, "not understood"),
        ("gaussian - point", 1, "not understood"),
        ("0*gaussian", 1, "positive"),
        ("1/0*gaussian", 1, "zero"),
        ("uniform(low=1, high=1)", 1, "less than"),
        ("rings(count=1.5)", 2, "whole number"),
        ("rings(count=1e9)", 2, "whole number"),
        ("+".join(["point"] * 200), 1, "at most"),
        ("point" * 2000, 1, "characters"),
        ("__import__('os').system('true')", 1, "not understood"),
    ],
)
def test_wrong_clouds_are_refused(text, dim, says):
    with pytest.raises(InputError, match=says) as problem:
        sample(text, 10, dim)
    assert "\n" not in str(problem.value)


# --- files --------------------------------------------------------------------------------------------------------

X = np.random.default_rng(9).normal(size=(7, 2))
W = np.arange(1.0, 8)


def test_arrays_come_back(tmp_path):
    np.save(tmp_path / "a.npy", X)
    assert (read_particles(tmp_path / "a.npy", 2)[0] == X).all()
    np.save(tmp_path / "line.npy", np.arange(5, dtype=np.int32))
    assert read_particles(tmp_path / "line.npy", 1)[0].tolist() == [[0], [1], [2], [3], [4]]
    np.save(tmp_path / "turned.npy", np.asfortranarray(X.astype(np.float32)))
    assert (read_particles(tmp_path / "turned.npy", 2)[0] == X.astype(np.float32)).all()
    for name in ("position", "x", "anything"):
        np.savez(tmp_path / "b.npz", weights=W, **{name: X})
        positions, weights = read_particles(tmp_path / "b.npz", 2)
        assert (positions == X).all() and weights == pytest.approx(W / 28)


@pytest.mark.parametrize("header", ["", "x,y\n", "# made by hand\nx,y\n", "\ufeffx,y\n"])
def test_tables_come_back(tmp_path, header):
    rows = "".join(f"{a!r},{b!r}\n" for a, b in X.tolist())
    (tmp_path / "a.csv").write_text(header + rows, encoding="utf-8")
    assert (read_particles(tmp_path / "a.csv", 2)[0] == X).all()
    (tmp_path / "a.TSV").write_text((header + rows).replace(",", "\t"), encoding="utf-8")
    assert (read_particles(tmp_path / "a.TSV", 2)[0] == X).all()


def test_table_with_weights(tmp_path):
    (tmp_path / "a.csv").write_text("x,Weight,y\n1,2,3\n4,6,5\n\n")
    positions, weights = read_particles(tmp_path / "a.csv", 2)
    assert positions.tolist() == [[1, 3], [4, 5]] and weights.tolist() == [0.25, 0.75]


def test_netcdf_comes_back_and_a_run_gives_its_last_frame(tmp_path):
    from wgflow.run import labelled, save

    row = ("1", "a sentence")
    save(labelled({"position": (("frame", "particle", "axis"), np.stack([X - 1, X]), *row)}, {}), tmp_path / "run.nc")
    assert (read_particles(tmp_path / "run.nc", 2)[0] == X).all()
    arrays = {"cloud": (("particle", "axis"), X, *row), "weights": (("particle",), W, *row)}
    save(labelled(arrays, {}), tmp_path / "a.nc")
    with pytest.raises(InputError, match="position"):  # weights alone bear a known name
        read_particles(tmp_path / "a.nc", 2)
    save(labelled({"x": (("particle", "axis"), X, *row), "weights": arrays["weights"]}, {}), tmp_path / "b.nc")
    assert read_particles(tmp_path / "b.nc", 2)[1] == pytest.approx(W / 28)


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def liar(shape):
    """A .npy file whose header promises more than it holds."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue() + b"\0" * 16


def zipped(name, content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


HOSTILE = {
    "empty.npy": b"",
    "text.npy": b"x,y\n1,2\n",
    "pickle.npy": pickle.dumps(Bomb()),
    "objects.npy": npy(np.array([Bomb(), 1], dtype=object), allow_pickle=True),
    "objects.npz": zipped("x.npy", npy(np.array([Bomb(), 1], dtype=object), allow_pickle=True)),
    "short.npy": npy(X)[:-8],
    "long.npy": liar((10**15, 2)),
    "longer.npz": zipped("x.npy", liar((10**15, 2))),
    "negative.npy": liar((-1, 2)),
    "complex.npy": npy(X + 1j),
    "words.npy": npy(np.array([["a", "b"]])),
    "flags.npy": npy(X > 0),
    "record.npy": npy(np.zeros(3, dtype=[("x", float), ("y", float)])),
    "scalar.npy": npy(np.float64(1)),
    "flat.npy": npy(X[:, 0]),
    "transposed.npy": npy(X.T),
    "cube.npy": npy(X[None]),
    "none.npy": npy(X[:0]),
    "nan.npy": npy(np.array([[0, 1], [np.nan, 2]])),
    "infinite.npy": npy(np.array([[0, np.inf]])),
    "huge.npy": npy(np.array([[0, 1e200]])),
    "zip.npz": b"PK\x03\x04 not a zip",
    "two.npz": npz(a=X, b=X),
    "only_weights.npz": npz(weights=W),
    "few_weights.npz": npz(x=X, weights=W[1:]),
    "negative_weights.npz": npz(x=X, weights=-W),
    "zero_weights.npz": npz(x=X, weights=0 * W),
    "nan_weights.npz": npz(x=X, weights=W * np.nan),
    "huge_weights.npz": npz(x=X, weights=np.full(7, 1e308)),
    "foreign.npz": zipped("x.txt", "1,2"),
    "empty.csv": b"",
    "comments.csv": b"# nothing\n",
    "header.csv": b"x,y\n",
    "ragged.csv": b"1,2\n3\n",
    "wide.csv": b"1,2,3\n",
    "words.csv": b"x,y\n1,two\n",
    "nan.csv": b"1,2\n3,nan\n",
    "binary.csv": bytes(range(256)),
    "nul.csv": b"1,2\n\0,3\n",
    "spaces.tsv": b"1 2\n3 4\n",
    "field.csv": b"1," + b"2" * 200_000 + b"\n",
    "text.nc": b"not HDF5",
    "empty.nc": b"",
    "short.nc": b"\x89HDF\r\n\x1a\n" + b"\0" * 100,
    "particles.txt": b"1,2\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(HOSTILE[name])
    with pytest.raises(InputError) as problem:
        read_particles(tmp_path / name, 2)
    assert "particle file" in str(problem.value) and "\n" not in str(problem.value)


def test_the_bad_row_is_named(tmp_path):
    np.save(tmp_path / "nan.npy", np.array([[0, 1], [np.nan, 2], [np.inf, 0]]))
    with pytest.raises(InputError, match="position 2 is nan"):
        read_particles(tmp_path / "nan.npy", 2)


def test_a_missing_file_and_a_folder_are_errors_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_particles(tmp_path / "none.npy", 2)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(IsADirectoryError):
        read_particles(tmp_path / "folder.csv", 2)
