"""The gradient audit: silent where all is well, and able to find what is wrong."""

from __future__ import annotations

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import algorithms, nn, rules
from jconv.errors import GeometryError
from jconv.nn.data import Examples
from jconv.nn.train import EpochDone, Problem, StepDone, TrainState
from jconv.verify import routes
from jconv.verify.audit import DERIVATIVES, NAMES, PAIRS, Audit, Finding
from jconv.verify.auditor import Auditor, GradientsDisagree

NET = nn.Sequential(
    (
        nn.Conv(2, 3, padding="same", padding_mode="circular"),
        nn.Activation("relu"),
        nn.Conv(4, 2, stride=2, groups=2, bias=False),
        nn.Flatten(),
        nn.Dense(3),
    )
)
SMALL = nn.Sequential((nn.Conv(2, 3, stride=2), nn.Flatten(), nn.Dense(3)))
"""One convolution is enough where only the routes differ: each compiles for seconds."""
SHAPE = (4, 5, 1)


def live(net: nn.Sequential):
    rng = np.random.default_rng(0)
    params, state = net.init(jax.random.key(0), SHAPE)
    images = rng.normal(size=(3, *SHAPE)).astype(np.float32)
    return params, state, jnp.asarray(images), jnp.array([0, 2, 1]), jax.random.key(1)


def test_all_routes_agree_on_every_convolution():
    findings = Audit(Problem(NET))(*live(NET))
    assert len(findings) == 2 * len(DERIVATIVES) * len(PAIRS)
    assert all(each.holds for each in findings)
    # Single precision is seen in the one route that uses it, and only there.
    for each in findings:
        single = "used" in each.routes
        assert (each.bound > 2.0**-24) == single
        assert each.error < (2.0**-20 if single else 2.0**-48)


WIDER = nn.Sequential((nn.Conv(8, 3, padding=1), nn.Flatten(), nn.Dense(3)))


def test_a_network_is_audited_as_what_it_is(monkeypatch):
    """Its used derivatives may be those of ``winograd``, whose bound is then allowed.

    A bound that hides more is not taken where the algorithm is not.
    """
    cheapest = type(algorithms.REGISTRY["winograd"])
    monkeypatch.setattr(cheapest, "cost", lambda *_: 0.0)
    asked, run = [], cheapest.run

    def counted(self, *arrays, **how):
        asked.append(how["out"])
        return run(self, *arrays, **how)

    monkeypatch.setattr(cheapest, "run", counted)
    direct = nn.with_method("direct", WIDER)
    plain = Audit(Problem(direct))(*live(direct))
    assert asked == []
    findings = Audit(Problem(WIDER))(*live(WIDER))
    assert "input" in asked
    assert all(each.holds for each in findings)
    pairs = list(zip(findings, plain, strict=True))
    assert all(each.bound >= usual.bound for each, usual in pairs)
    looser = [each.routes for each, usual in pairs if each.bound > usual.bound]
    assert looser
    assert all("used" in routes for routes in looser)


FAULTS = {
    "coded": (rules, "conv_kernel_vjp", lambda right: scaled(right)),  # noqa: PLW0108  (defined below)
    "derived": (routes, "plain", lambda right: lambda case: scaled(right(case))),
    "peer": (routes, "peer", lambda right: lambda case: scaled(right(case))),
}


def scaled(right):
    """Too large by a part in a hundred million: less than single precision shows."""
    return lambda *arrays, **options: right(*arrays, **options) * (1 + 1e-8)


@pytest.mark.parametrize("name", FAULTS)
def test_a_route_that_is_slightly_wrong_is_found_and_named(name, monkeypatch):
    owner, attribute, make = FAULTS[name]
    monkeypatch.setattr(owner, attribute, make(getattr(owner, attribute)))
    findings = Audit(Problem(SMALL))(*live(SMALL))
    wrong = [each for each in findings if not each.holds]
    others = {each for each in NAMES if each not in (name, "used")}
    assert {frozenset(each.routes) for each in wrong} == {
        frozenset((name, other)) for other in others
    }
    assert len(wrong) < len(findings)


@jax.custom_vjp
def wrong_backwards(x, w):
    return jconv.conv(x, w, stride=2)


wrong_backwards.defvjp(
    lambda x, w: (wrong_backwards(x, w), (x, w)),
    lambda kept, dy: jax.vjp(functools.partial(jconv.conv, stride=2), *kept)[1](
        1.001 * dy
    ),
)


def test_a_layers_own_operation_is_what_is_audited():
    def own(x, w, **options):
        assert options["stride"] in (2, (2, 2))
        return wrong_backwards(x, w)

    net = nn.with_conv(own, SMALL)
    wrong = [each for each in Audit(Problem(net))(*live(net)) if not each.holds]
    others = [name for name in NAMES if name != "used"]
    assert {each.routes for each in wrong} == {("used", other) for other in others}
    assert {each.derivative for each in wrong} == set(DERIVATIVES)


RIGHT = Finding(0, (3, 3, 1, 2), "input", ("used", "peer"), error=1e-9, bound=1e-7)
WRONG = Finding(1, (2, 2, 1, 4), "kernel", ("coded", "peer"), error=1e-3, bound=1e-15)


def test_an_auditor_audits_every_k_steps_and_stops_at_the_first_fault(
    tmp_path, monkeypatch
):
    batch = Examples(np.zeros((3, *SHAPE), np.float32), np.zeros(3, np.int32))
    found, asked = [RIGHT, RIGHT], []

    def audited(self, params, state, images, labels, key):
        del self, state, key
        asked.append((params, images.shape, labels.shape))
        return found

    monkeypatch.setattr(Audit, "__call__", audited)
    auditor = Auditor(Problem(SMALL), 2, tmp_path / "audit.json")

    def after(step: int) -> StepDone:
        now = TrainState(f"parameters of step {step}", (), (), jnp.int32(step))
        return StepDone(now, batch, 1, step, {})

    for step in (1, 2, 3, 4):
        auditor(after(step))
    auditor(EpochDone(after(4).now, 1, {}))
    assert [each["step"] for each in auditor.log] == [2, 4]
    assert asked == [
        (f"parameters of step {step}", (3, *SHAPE), (3,)) for step in (2, 4)
    ]
    assert "2 audits, 4 comparisons" in auditor.sentence()
    assert "0.01 of its bound" in auditor.sentence()
    # Going on after step 2: what was audited beyond it is audited anew.
    found[1] = RIGHT
    resumed = Auditor(Problem(SMALL), 2, tmp_path / "audit.json")
    for step in (3, 4):
        resumed(after(step))
    audits = json.loads((tmp_path / "audit.json").read_text())["audits"]
    assert [each["step"] for each in audits] == [2, 4]
    assert resumed.sentence().startswith("1 audits, 2 comparisons")
    found[1] = WRONG
    broken = Auditor(Problem(SMALL), 2, tmp_path / "broken.json")
    with pytest.raises(GradientsDisagree, match="derivative in its kernel"):
        broken(after(2))
    assert '"holds": false' in (tmp_path / "broken.json").read_text()
    assert (
        Auditor(Problem(SMALL), 9, tmp_path / "none.json")
        .sentence()
        .startswith("No audit")
    )


def test_an_auditor_says_what_it_does_not_look_at(tmp_path):
    def said(*layers):
        auditor = Auditor(Problem(nn.Sequential(layers)), 9, tmp_path / "audit.json")
        return auditor.sentence()

    assert said(nn.Conv(1, 1)).startswith("No audit: the run took fewer than 9")
    assert said(nn.Dense(1)) == "No audit: the model has no convolution (nn.Conv)."
    up = nn.Residual(nn.ConvTranspose(1, 1))
    assert said(nn.Conv(1, 1), up).endswith("Not audited: ConvTranspose.")
    (tmp_path / "audit.json").write_text('{"audits": [1]}')
    with pytest.raises(GeometryError, match="expected a log of audits"):
        said(nn.Conv(1, 1))
