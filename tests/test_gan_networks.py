"""Networks: shapes, ranges, initialization, parameter counts by hand, spectral norms against NumPy's singular values."""

import numpy as np
import pytest
import torch
from torch import nn

from wgflow.arithmetic.number import InputError
from wgflow.gan.networks.names import NAMES, make_discriminator, make_generator

torch.set_num_threads(1)
IMAGES = [(channels, size, size) for size in (8, 16, 28, 32) for channels in (1, 3)]
SHAPES = {"mlp": [(1,), (2,), (1, 8, 8), (3, 5, 7)], "dcgan": IMAGES, "resnet": IMAGES}
CASES = [(name, shape) for name in NAMES for shape in SHAPES[name]]


def seeded(make, *args, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make(*args)


def noise(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gradients(network):
    return [p.grad for p in network.parameters()]


def count(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("name", "shape"), CASES, ids=str)
def test_shapes_ranges_and_gradients(name, shape):
    generator = seeded(make_generator, name, shape, 5, {"width": 8})
    made = generator(noise(3, 5))
    assert made.shape == (3, *shape)
    if len(shape) == 3:
        assert made.abs().max() <= 1
    discriminator = seeded(make_discriminator, name, shape, 4, {"width": 8})
    features = discriminator(made)
    assert features.shape == (3, 4) and torch.isfinite(features).all()
    features.square().sum().backward()
    for network in (generator, discriminator):
        assert all(g is not None and torch.isfinite(g).all() for g in gradients(network))
        assert sum(float(g.abs().sum()) for g in gradients(network)) > 0


@pytest.mark.parametrize("name", NAMES)
def test_images_stay_in_range_for_huge_latents(name):
    made = seeded(make_generator, name, (1, 8, 8), 5, {"width": 8})(1e6 * noise(3, 5))
    assert torch.isfinite(made).all() and made.abs().max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_parameters(name):
    for make, last in ((make_generator, 5), (make_discriminator, 4)):
        same = [seeded(make, name, (1, 8, 8), last, {"width": 8}, seed=s).state_dict() for s in (3, 3, 4)]
        assert all(torch.equal(same[0][key], same[1][key]) for key in same[0])
        assert any(not torch.equal(same[0][key], same[2][key]) for key in same[0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("norm", ["none", "group", "layer"])
def test_samples_do_not_depend_on_their_batch(name, norm):
    options = {"width": 8} if name == "mlp" else {"width": 8, "norm": norm}
    generator = seeded(make_generator, name, (1, 16, 16), 5, options).double()
    discriminator = seeded(make_discriminator, name, (1, 16, 16), 4, options).double()
    z = noise(6, 5).double()
    made = generator(z)
    torch.testing.assert_close(generator(z[2:3]), made[2:3], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(discriminator(made[2:3]), discriminator(made)[2:3], rtol=1e-12, atol=1e-12)


def test_residual_perceptrons_start_as_the_identity():
    z = noise(7, 2)
    for make in (make_generator, make_discriminator):
        network = seeded(make, "mlp", (2,), 2, {"residual": True})
        assert torch.equal(network(z), z)
        network(z).square().sum().backward()
        assert float(network.last.weight.grad.abs().sum()) > 0
    limited = seeded(make_discriminator, "mlp", (2,), 2, {"residual": True, "spectral-norm": True})
    assert torch.equal(limited(z), z)


@pytest.mark.parametrize("name", NAMES)
def test_spectral_norms_are_one(name):
    network = seeded(make_discriminator, name, (1, 8, 8), 4, {"width": 8, "spectral-norm": True})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(7)
    x = noise(2, 1, 8, 8)
    for _ in range(200):
        network(x)
    network.train(False)
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert len(layers) >= 3
    for layer in layers:
        matrix = layer.weight.detach().numpy().astype(np.float64)
        largest = np.linalg.svd(matrix.reshape(len(matrix), -1), compute_uv=False)[0]
        assert 1 - 1e-3 < largest <= 1 + 1e-3


def test_spectral_iterates_are_saved_and_continue_bitwise():
    options = {"width": 8, "spectral-norm": True}
    x = noise(2, 1, 8, 8)
    network = seeded(make_discriminator, "dcgan", (1, 8, 8), 4, options)
    network(x)
    saved = {key: value.clone() for key, value in network.state_dict().items()}
    other = seeded(make_discriminator, "dcgan", (1, 8, 8), 4, options, seed=9)
    other.load_state_dict(saved)
    for _ in range(3):
        assert torch.equal(network(x), other(x))
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in network.state_dict().items())
    assert any(not torch.equal(value, saved[key]) for key, value in network.state_dict().items())


def test_parameter_counts_are_as_documented():
    latent, w, features = 5, 8, 3
    assert count(make_generator("mlp", (2,), latent, {"width": w, "depth": 3})) == 6 * w + 2 * (w + 1) * w + (w + 1) * 2
    c = (4 * w, 2 * w, w)
    # a transposed convolution has one bias for each channel that it makes
    transposed = sum(16 * a * b + b for a, b in ((c[0], c[1]), (c[1], c[2]), (c[2], 3)))
    assert count(make_generator("dcgan", (3, 32, 32), latent, {"width": w})) == (latent + 1) * c[0] * 16 + transposed + 2 * sum(c)
    convolutions = sum(16 * a * b + b for a, b in ((3, w), (w, 2 * w), (2 * w, 4 * w)))
    head = (4 * w * 16 + 1) * features
    assert count(make_discriminator("dcgan", (3, 32, 32), features, {"width": w})) == convolutions + head
    assert (
        count(make_discriminator("dcgan", (3, 32, 32), features, {"width": w, "norm": "group"})) == convolutions + head + 12 * w
    )
    grown = (latent + 1) * w * 16 + 3 * (19 * w * w + 7 * w) + 2 * w + (9 * w + 1) * 3
    assert count(make_generator("resnet", (3, 32, 32), latent, {"width": w})) == grown
    shrunk = (10 * 3 + 9 * w + 3) * w + (19 * w + 3) * w + 2 * (18 * w + 2) * w + (w + 1) * features
    assert count(make_discriminator("resnet", (3, 32, 32), features, {"width": w})) == shrunk


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: make_generator("unet", (2,), 2), "'unet' is not known; type one of mlp, dcgan, resnet"),
        (lambda: make_generator("mlp", (2,), 2, {"widht": 3}), "no option 'widht'; it takes width, depth, activation, residual"),
        (lambda: make_generator("mlp", (2,), 2, {"width": 0}), "width '0' is not a whole number"),
        (lambda: make_generator("mlp", (2,), 0), "latent '0' is not a whole number"),
        (lambda: make_generator("mlp", (2,), 2, {"activation": "sin"}), "type one of relu"),
        (lambda: make_generator("mlp", (2,), 3, {"residual": True}), "as many outputs as inputs"),
        (lambda: make_generator("mlp", (2,), 2, {"residual": 1}), "neither true nor false"),
        (lambda: make_generator("mlp", (2,), 2, {"spectral-norm": True}), "no option 'spectral-norm'"),
        (lambda: make_discriminator("dcgan", (2,), 2), "square images"),
        (lambda: make_discriminator("dcgan", (1, 20, 20), 2), "8, 16, 28, 32"),
        (lambda: make_discriminator("resnet", (2, 8, 8), 2), "1 or 3 channels"),
        (lambda: make_discriminator("resnet", (1, 8, 8), 2, {"norm": "batch"}), "type one of none, group, layer"),
    ],
)
def test_wrong_input_is_one_line(make, says):
    with pytest.raises(InputError) as caught:
        make()
    assert says in str(caught.value) and "\n" not in str(caught.value)
