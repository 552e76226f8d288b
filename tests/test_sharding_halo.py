"""``jconv.sharding``: the numbers of one device, and halos as the only messages."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

import jconv
from jconv import sharding
from jconv.errors import GeometryError, UnsupportedError
from jconv.sharding import contraction
from tests.cases import CASES, EMPTY_CASES, Case, oracle

pytestmark = pytest.mark.skipif(
    jax.device_count() < 4, reason="needs four devices; the suite forces them on a CPU"
)

SPATIAL = [case for case in (*CASES, *EMPTY_CASES) if case.input]
EVEN = Case("even", (16, 4), (3, 3), batch=(2,), padding="same")
UNEVEN = Case("uneven", (13, 4), (3, 2), batch=(3,), stride=2, padding=((2, 1), (0, 0)))


def mesh_of(kind=AxisType.Auto, sizes=(4,), names=("rows",)):
    return jax.make_mesh(sizes, names, axis_types=(kind,) * len(sizes))


def rows(case, names="rows"):
    """The first spatial axis is divided."""
    return P(*[None] * len(case.batch), names)


def divided(case, mesh, spec):
    """(y, dx, dw) by the three functions, and the two derivatives that JAX derives."""
    x, w, dy = (case.array(role) for role in ("input", "kernel", "output"))
    options = {"mesh": mesh, "spec": spec, **case.arguments}

    @jax.jit
    def all_of(x, w, dy):
        y, pull = jax.vjp(lambda x, w: sharding.conv(x, w, **options), x, w)
        dx = sharding.conv_input_vjp(dy, w, input_shape=x.shape, **options)
        dw = sharding.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **options)
        return y, dx, dw, pull(dy)

    return all_of(x, w, dy)


def check(case, y, dx, dw, derived):
    x, w, dy = (case.array(role) for role in ("input", "kernel", "output"))
    np.testing.assert_array_equal(y, oracle(case, "output", x, w))
    for found in (dx, derived[0]):
        np.testing.assert_array_equal(found, oracle(case, "input", w, dy))
    for found in (dw, derived[1]):
        np.testing.assert_array_equal(found, oracle(case, "kernel", x, dy))


@pytest.mark.parametrize("case", SPATIAL, ids=lambda case: case.id)
def test_rows_divided_among_four(case):
    check(case, *divided(case, mesh_of(), rows(case)))


TWO_BY_TWO = {
    "batch and rows": P("a", "b"),
    "rows and columns": P(None, "a", "b"),
    "rows by both": P(None, ("a", "b")),
    "columns": P(None, None, "b"),
    "batch": P(("b", "a")),
    "nothing": P(),
}


@pytest.mark.parametrize("spec", TWO_BY_TWO.values(), ids=TWO_BY_TWO)
@pytest.mark.parametrize("case", [EVEN, UNEVEN], ids=lambda case: case.id)
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=str)
def test_two_names(kind, case, spec):
    mesh = mesh_of(kind, (2, 2), ("a", "b"))
    with jax.set_mesh(mesh):
        check(case, *divided(case, None, spec))


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=str)
def test_the_result_is_divided_as_the_input(kind):
    mesh, spec = mesh_of(kind), rows(EVEN)
    with jax.set_mesh(mesh):
        x = jax.device_put(EVEN.array("input"), NamedSharding(mesh, spec))
        w = jax.device_put(EVEN.array("kernel"), NamedSharding(mesh, P()))
        y = jax.jit(lambda x, w: sharding.conv(x, w, spec=spec, padding="same"))(x, w)
    assert y.sharding.is_equivalent_to(x.sharding, x.ndim)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_modes(mode):
    x, w = EVEN.array("input"), EVEN.array("kernel")
    options = {"padding": "same", "padding_mode": mode}
    y = sharding.conv(x, w, mesh=mesh_of(), spec=rows(EVEN), **options)
    np.testing.assert_array_equal(y, jconv.conv(x, w, **options))


def test_other_orders_of_dimensions():
    numbers = ("NCHW", "OIHW", "NCHW")
    x, w = (jnp.moveaxis(EVEN.array("input"), -1, 1), EVEN.array("kernel"))
    w = jnp.transpose(w, (3, 2, 0, 1))
    options = {"padding": "same", "dimension_numbers": numbers}
    y = sharding.conv(x, w, mesh=mesh_of(), spec=P(None, None, "rows"), **options)
    np.testing.assert_array_equal(y, jconv.conv(x, w, **options))


@pytest.mark.parametrize("arguments", [{"padding": "same"}, {"output_padding": 1}, {}])
def test_transposed(arguments):
    y, w = EVEN.array("input"), EVEN.array("kernel")
    w = np.swapaxes(w, -1, -2)
    arguments = {"stride": 2, **arguments}
    found = sharding.conv_transpose(y, w, mesh=mesh_of(), spec=rows(EVEN), **arguments)
    np.testing.assert_array_equal(found, jconv.conv_transpose(y, w, **arguments))


def test_it_is_linear_batches_and_has_higher_derivatives():
    mesh, spec = mesh_of(), rows(EVEN)
    x, w = (jnp.asarray(EVEN.array(role)) for role in ("input", "kernel"))

    def loss(convolve, x, w):
        return (convolve(x, w) ** 2).sum()

    def here(x, w):
        return jconv.conv(x, w, padding="same")

    def there(x, w):
        return sharding.conv(x, w, mesh=mesh, spec=spec, padding="same")

    for transformed in (
        lambda f: f(x, w),
        lambda f: jax.vmap(f, (None, 0))(x, jnp.stack([w, 2 * w])),
        lambda f: jax.vmap(f)(jnp.stack([x, -x]), jnp.stack([w, 2 * w])),
        lambda f: jax.jvp(f, (x, w), (w.sum() * x, 3 * w))[1],
        lambda f: jax.grad(lambda x: loss(f, x, w))(x),
        lambda f: jax.jvp(jax.grad(lambda w: loss(f, x, w)), (w,), (2 * w,))[1],
        lambda f: jax.linear_transpose(lambda x: f(x, w), x)(here(x, w))[0],
        lambda f: jax.checkpoint(f)(x, w),
        lambda f: jax.lax.scan(lambda c, w: (c, f(x, w)), 0, jnp.stack([w, -w]))[1],
    ):
        found, expected = (jax.jit(lambda f=f: transformed(f))() for f in (there, here))  # noqa: B023
        np.testing.assert_array_equal(found, expected)


def test_narrow_floats_are_summed_over_devices_in_float32():
    """1032 is a number of bfloat16's, of its terms 257, 257, 257 and 261 is none."""
    ones = np.arange(264) < np.array([257, 257, 257, 261])[:, None]
    x, dy = (jnp.asarray(a.reshape(-1, 1), "bfloat16") for a in (ones, ones | True))
    dw = sharding.conv_kernel_vjp(
        x, dy, kernel_shape=(1, 1, 1), mesh=mesh_of(), spec=P("rows")
    )
    assert (dw.dtype, float(dw[0, 0, 0])) == (jnp.bfloat16, 1032.0)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 0)])
def test_a_halo_that_is_not_sent_is_noticed(low, high, monkeypatch):
    """A planted fault: one neighbour's entries are zeros."""
    right = contraction.halo_exchange

    def wrong(block, name, *, dimension, **halo):
        sent = right(block, name, dimension=dimension, **halo)
        size, (before, after) = sent.shape[dimension], halo.values()
        kept = np.arange(size) >= low * before
        kept &= np.arange(size) < size - high * after
        return sent * np.expand_dims(
            kept, [n for n in range(sent.ndim) if n != dimension]
        )

    monkeypatch.setattr(contraction, "halo_exchange", wrong)
    jax.clear_caches()
    with pytest.raises(AssertionError):
        check(EVEN, *divided(EVEN, mesh_of(), rows(EVEN)))
    monkeypatch.undo()
    jax.clear_caches()


# Messages ---------------------------------------------------------------------------


MESSAGES = ("all-gather", "all-to-all", "collective-permute", "all-reduce")


def messages(function, mesh, spec, *shapes):
    """Kinds of messages -> how many, in the program that the compiler makes."""
    shardings = [NamedSharding(mesh, spec)] + [NamedSharding(mesh, P())] * len(
        shapes[1:]
    )
    arrays = [
        jax.ShapeDtypeStruct(shape, "float32", sharding=sharding)
        for shape, sharding in zip(shapes, shardings, strict=True)
    ]
    text = jax.jit(function).lower(*arrays).compile().as_text()
    found = re.findall(rf"= \S+ ({'|'.join(MESSAGES)})(?:-start)?\(", text)
    return {kind: found.count(kind) for kind in MESSAGES if kind in found}


def test_one_message_to_each_neighbour():
    mesh, spec = mesh_of(), P(None, "rows")
    shapes = (2, 64, 32, 8), (3, 3, 8, 8)

    def forward(x, w):
        return sharding.conv(x, w, mesh=mesh, spec=spec, padding="same")

    def backward(x, w):
        return jax.grad(lambda x, w: (forward(x, w) ** 2).sum(), (0, 1))(x, w)

    assert messages(forward, mesh, spec, *shapes) == {"collective-permute": 2}
    assert messages(backward, mesh, spec, *shapes) == {
        "collective-permute": 4,
        "all-reduce": 1,
    }


def test_windows_that_fit_need_no_message():
    mesh, spec = mesh_of(), P(None, "rows")

    def patches(x, w):
        return sharding.conv(x, w, mesh=mesh, spec=spec, stride=4)

    assert messages(patches, mesh, spec, (2, 64, 32, 8), (4, 4, 8, 8)) == {}


def test_a_halo_may_reach_over_several_devices():
    mesh = mesh_of()
    extend = jax.shard_map(
        lambda x: sharding.halo_exchange(x, "rows", dimension=0, low=5, high=3),
        mesh=mesh,
        in_specs=P("rows"),
        out_specs=P("rows"),
    )
    found = np.asarray(extend(jnp.arange(1.0, 9.0))).reshape(4, 10)
    whole = np.pad(np.arange(1.0, 9.0), (5, 3))
    np.testing.assert_array_equal(found, [whole[2 * p : 2 * p + 10] for p in range(4)])


# Errors -----------------------------------------------------------------------------


X, W = np.ones((2, 8, 3)), np.ones((3, 3, 4))


@pytest.mark.parametrize(
    ("spec", "kind", "says"),
    [
        (P(None, None, "rows"), UnsupportedError, "divides the channels"),
        (P(None, "cols"), GeometryError, "names of the mesh, which has rows"),
        (P("rows", "rows"), GeometryError, "each name once"),
        (P(None, None, None, None), GeometryError, "at most 3 entries"),
        ("rows", GeometryError, "PartitionSpec"),
    ],
)
def test_a_wrong_spec(spec, kind, says):
    with pytest.raises(kind, match=says):
        sharding.conv(X, W, mesh=mesh_of(), spec=spec)


def test_a_wrong_mesh():
    with pytest.raises(GeometryError, match=r"jax\.set_mesh"):
        sharding.conv(X, W, spec=P("rows"))
    with pytest.raises(GeometryError, match="Mesh"):
        sharding.conv(X, W, mesh="rows", spec=P("rows"))


def test_keywords_that_there_are_not():
    mesh = Mesh(jax.devices()[:4], ("rows",))
    with pytest.raises(GeometryError, match="strides=2: expected one of the keywords"):
        sharding.conv(X, W, mesh=mesh, spec=P(), strides=2)
    with pytest.raises(GeometryError, match="padding_mode"):
        sharding.conv_transpose(X, W, mesh=mesh, spec=P(), padding_mode="reflect")
