"""How the house is built: floors, no peers, private JAX in one place, short files.

Each rule is a function of a source text, and is shown to fail on a planted one.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "jconv"

FLOORS = (
    {"errors", "geometry", "numerics", "starting", "version"},
    {"layout", "reference"},
    {"algorithms"},
    {"compat", "primitive"},
    {
        "operands",
        "borders",
        "options",
        "shapes",
        "plan",
        "call",
        "vjp",
        "conv",
        "rules",
        "patches",
        "local",
    }
    | {"per_example", "pool", "tuning"},
    {"lax", "signal", "sharding", "nn"},
    {"verify", "explain", "bench"},
    {"cli", "__main__"},
)
"""Imports point downwards, or along a floor without going round in a circle."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FLOOR[""] = 5.5  # ``import jconv``: the public names of all floors below

PEERS = re.compile(r"conv(?!ert)|reduce_window|select_and_scatter|ffi$")
"""What ``jax.lax`` offers that the product must not lean on."""

PEERS_ALLOWED = {"verify", "bench"}
PRIVATE_ALLOWED = {"compat"}
EXTENSION_ALLOWED = {"compat", "primitive"}
CEILING = 300

MODULES = sorted(PACKAGE.rglob("*.py"))
every_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)


def room_of(path: Path) -> str:
    """The room that a file of the package belongs to."""
    return room_named(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))


def room_named(module: str) -> str:
    """The room of a module; every command's is the command line's."""
    return "cli" if module.startswith("cli_") else module


def imports(source: str) -> list[str]:
    """Full names of all that a source imports, those for type checkers included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def runtime_imports(source: str) -> list[str]:
    """Imports of the module's top level that run."""
    body = ast.parse(source).body
    kept = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return imports(ast.unparse(ast.Module(kept, [])))


# The rules --------------------------------------------------------------------------


def climbs(source: str, room: str) -> list[str]:
    """Imports from a higher floor than the room's own, or from no known room."""
    wrong = []
    for name in imports(source):
        package, _, rest = name.partition(".")
        if package != "jconv":
            continue
        wanted = room_named(rest.partition(".")[0])
        if FLOOR.get(wanted, len(FLOORS)) > FLOOR[room]:
            wrong.append(name)
    return wrong


def peers(source: str) -> list[str]:
    """Uses of lax's own convolutions and windows, through any name of the module."""
    tree = ast.parse(source)
    aliases, wrong = {"jax.lax"}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "jax":
            aliases |= {
                alias.asname or "lax" for alias in node.names if alias.name == "lax"
            }
            wrong += [alias.name for alias in node.names if alias.name == "ffi"]
        elif isinstance(node, ast.ImportFrom) and node.module == "jax.lax":
            wrong += [a.name for a in node.names if PEERS.match(a.name)]
        elif isinstance(node, ast.Import):
            wrong += [a.name for a in node.names if a.name.startswith("jax.ffi")]
            aliases |= {
                a.asname for a in node.names if a.name == "jax.lax" and a.asname
            }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        base = ast.unparse(node.value)
        peer = base in aliases and PEERS.match(node.attr)
        numpy_peer = base in ("jnp", "jax.numpy") and node.attr in (
            "convolve",
            "correlate",
        )
        if peer or numpy_peer or (base == "jax" and node.attr == "ffi"):
            wrong.append(f"{base}.{node.attr}")
    return wrong


def named_imports(source: str, prefixes: tuple[str, ...]) -> list[str]:
    """Imports from any of some packages."""
    return [
        name
        for name in imports(source)
        if any(name == each or name.startswith(f"{each}.") for each in prefixes)
    ]


def excess(source: str) -> int:
    """How many lines a file is past the ceiling."""
    return max(0, len(source.splitlines()) - CEILING)


def machine_paths(text: str) -> list[str]:
    """Paths that exist on one machine only."""
    return re.findall(r"(?<![\w.$}/])/(?:work|tmp|root)/[\w.-]+", text)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; empty if there are none."""
    done: set[str] = set()

    def walk(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        for following in sorted(graph.get(module, ())):
            if found := walk(following, [*trail, module]):
                return found
        done.add(module)
        return []

    return next((found for each in graph if (found := walk(each, []))), [])


# The house --------------------------------------------------------------------------


@every_module
def test_imports_point_downwards(path):
    if path != PACKAGE / "__init__.py":
        assert climbs(path.read_text(), room_of(path)) == []


@every_module
def test_the_product_uses_no_peer(path):
    if room_of(path) not in PEERS_ALLOWED:
        assert peers(path.read_text()) == []


@every_module
def test_private_jax_is_in_one_file_and_its_extension_interface_in_one_room(path):
    room, source = room_of(path), path.read_text()
    if room not in PRIVATE_ALLOWED:
        assert named_imports(source, ("jax._src", "jaxlib")) == []
    if room not in EXTENSION_ALLOWED:
        assert named_imports(source, ("jax.extend", "jax.interpreters")) == []


def test_no_module_imports_itself_in_a_circle():
    names = {
        ".".join(["jconv", *path.relative_to(PACKAGE).with_suffix("").parts]): path
        for path in MODULES
        if path.name != "__init__.py"
    }
    graph = {
        module: {
            prefix
            for name in runtime_imports(path.read_text())
            for prefix in (name, name.rpartition(".")[0])
            if prefix in names and prefix != module
        }
        for module, path in names.items()
    }
    assert len(graph) > 20
    assert circle(graph) == []


def test_geometry_knows_no_arrays():
    pure = ("jconv.", "__future__", "collections", "dataclasses", "functools")
    for path in sorted((PACKAGE / "geometry").glob("*.py")):
        foreign = [
            name
            for name in imports(path.read_text())
            if not name.startswith((*pure, "math", "numbers", "typing"))
        ]
        assert foreign == [], path.name


@pytest.mark.parametrize(
    "path",
    [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_file_is_short(path):
    assert excess(path.read_text()) == 0


def test_no_tracked_file_names_a_place_on_one_machine():
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no git here, so nothing is tracked")
    paths = filter(Path.is_file, (ROOT / name for name in listed.stdout.split("\0")))
    found = {path: machine_paths(path.read_text(errors="ignore")) for path in paths}
    assert {path: places for path, places in found.items() if places} == {}


# Each rule can fail -----------------------------------------------------------------

PLANTED_CLIMBS = {
    "absolute": ("from jconv.primitive import conv_p", "algorithms"),
    "module": ("from jconv import primitive", "algorithms"),
    "plain": ("import jconv.verify.claim", "conv"),
    "inside a function": ("def f():\n    from jconv import cli", "verify"),
    "unknown room": ("from jconv.attic import junk", "cli"),
    "public names": ("import jconv", "sharding"),
}


@pytest.mark.parametrize(
    ("source", "room"), PLANTED_CLIMBS.values(), ids=PLANTED_CLIMBS
)
def test_a_planted_climb_is_found(source, room):
    assert len(climbs(source, room)) == 1
    assert climbs("from jconv.errors import GeometryError", room) == []


PLANTED_PEERS = {
    "attribute": "from jax import lax\nlax.conv_general_dilated(x, w)",
    "full name": "import jax\njax.lax.conv_transpose(x, w)",
    "renamed": "from jax import lax as jlax\njlax.reduce_window_p",
    "module renamed": "import jax.lax as jlax\njlax.reduce_window(x)",
    "from": "from jax.lax import conv_with_general_padding",
    "scatter": "from jax import lax\nlax.select_and_scatter_add(x)",
    "ffi": "import jax\njax.ffi.ffi_call('conv')",
    "ffi imported": "from jax import ffi",
    "numpy": "import jax.numpy as jnp\njnp.convolve(x, w)",
}


@pytest.mark.parametrize("source", PLANTED_PEERS.values(), ids=PLANTED_PEERS)
def test_a_planted_peer_is_found(source):
    assert len(peers(source)) == 1


def test_conversion_and_our_own_names_are_no_peers():
    innocent = (
        "from jax import lax\nfrom jconv import conv\n"
        "lax.convert_element_type(x, y)\nconv.conv(x, w)\nlax.ConvDimensionNumbers"
    )
    assert peers(innocent) == []


def test_other_planted_faults_are_found():
    private = "from jax._src import core\nimport jax.numpy"
    assert named_imports(private, ("jax._src",)) == ["jax._src.core"]
    assert [excess("x = 1\n" * (CEILING + n)) for n in (-1, 0, 2)] == [0, 0, 2]
    assert machine_paths("see " + "/" + "tmp/report here") == ["/" + "tmp/report"]
    assert machine_paths("https://example.org/work/page") == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
