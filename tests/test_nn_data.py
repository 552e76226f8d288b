"""Data sets: read right, or refused with the reason."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from jconv.errors import GeometryError, UnsupportedError
from jconv.nn import data
from jconv.nn.data import batches, bundled, unpickling
from jconv.nn.data.files import DataError
from jconv.nn.data.idx import read_idx

RNG = np.random.default_rng(0)


# Digits and photographs -------------------------------------------------------------


def test_digits_are_split_within_every_class_and_nothing_is_in_both():
    found = data.digits(seed=4)
    assert (len(found.train), len(found.test)) == (1438, 359)
    assert found.train.images.dtype == np.float32
    assert (found.train.images.min(), found.train.images.max()) == (0.0, 1.0)
    shares = np.bincount(found.test.labels) / np.bincount(
        np.concatenate([found.train.labels, found.test.labels])
    )
    assert np.abs(shares - 0.2).max() < 0.005  # half an example of 174
    whole = {each.tobytes() for each in found.train.images}
    assert not any(each.tobytes() in whole for each in found.test.images)


def test_the_seed_decides_the_split():
    first, again, other = (data.digits(seed).test.labels for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_photographs_are_patches_of_two_pictures():
    found = data.photographs(seed=0, size=16, count=8)
    assert found.input_shape == (16, 16, 3)
    assert (len(found.train), len(found.test)) == (16, 4)
    assert found.classes == ("temple", "flower")
    with pytest.raises(GeometryError, match="size=500"):
        data.photographs(size=500)


def test_the_bundled_files_are_read_as_scikit_learn_reads_them():
    from sklearn import datasets

    read, ours = datasets.load_digits(), data.digits()
    whole = np.concatenate([ours.train.images, ours.test.images])
    labels = np.concatenate([ours.train.labels, ours.test.labels])
    found = sorted((p.tobytes(), n) for p, n in zip(whole, labels, strict=True))
    pixels = (read.images / 16).astype(np.float32)
    assert found == sorted(
        (p.tobytes(), n) for p, n in zip(pixels, read.target, strict=True)
    )
    for name in bundled.PHOTOGRAPHS.values():
        theirs = datasets.load_sample_image(name)
        assert np.array_equal(bundled.photograph(name), theirs)


def test_without_scikit_learn_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match="pip install scikit-learn"):
        data.digits()


# MNIST's files ----------------------------------------------------------------------


def idx(array: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, *, packed: bool = False, dot: bool = False) -> np.ndarray:
    images = RNG.integers(0, 256, (5, 28, 28))
    for part in ("train", "t10k"):
        for kind, array in (("images", images), ("labels", np.arange(5) % 10)):
            joint = "." if dot else "-"
            name = f"{part}-{kind}{joint}idx{array.ndim}-ubyte"
            content = idx(array)
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
    return images


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("how", [{}, {"packed": True}, {"dot": True}], ids=str)
def test_idx_files_are_read(tmp_path, name, how):
    images = write_mnist(tmp_path, **how)
    found = data.load(name, tmp_path)
    assert np.array_equal(np.round(found.train.images[..., 0] * 255), images)
    assert found.test.labels.tolist() == [0, 1, 2, 3, 4]
    assert len(found.classes) == 10


GOOD = idx(np.arange(12).reshape(3, 2, 2))
SPOILT = {
    "cut short": (GOOD[:-1], "cut short, with 27"),
    "too long": (GOOD + b"x", "too long, with 29"),
    "no header": (GOOD[:9], "IDX header of 16 bytes"),
    "labels for images": (idx(np.arange(12)), "begins with 00 00 08 01"),
    "another dtype": (bytes((0, 0, 13, 3)) + GOOD[4:], "begins with 00 00 0d 03"),
    "a web page": (b"<!DOCTYPE html><html><head>", "begins with 3c 21 44 4f"),
    "nothing in it": (GOOD[:4] + struct.pack(">3I", 0, 2, 2), "sizes above 0"),
    "packed, cut short": (gzip.compress(GOOD)[:-9], "undamaged gzip"),
    "packed, a bit flipped": (
        gzip.compress(GOOD)[:-5] + b"\xff" + gzip.compress(GOOD)[-4:],
        "undamaged gzip",
    ),
}


@pytest.mark.parametrize(("content", "said"), SPOILT.values(), ids=SPOILT)
def test_spoilt_idx_files_are_refused(tmp_path, content, said):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as refused:
        read_idx(path, rank=3)
    assert str(path) in str(refused.value)


def test_labels_that_do_not_belong_are_refused(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(idx(np.zeros(4)))
    with pytest.raises(DataError, match="5 labels; it has 4"):
        data.load("mnist", tmp_path)
    path.write_bytes(idx(np.full(5, 10)))
    with pytest.raises(DataError, match="labels below 10"):
        data.load("mnist", tmp_path)


# CIFAR's files ----------------------------------------------------------------------


def write_cifar(folder: Path, name: str, *, binary: bool) -> np.ndarray:
    hundred = name == "cifar100"
    files = (
        ["train", "test"]
        if hundred
        else [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    )
    rows = RNG.integers(0, 256, (3, 3072), dtype=np.uint8)
    labels = [0, 9, 4]
    for file in files:
        if binary:
            coarse = np.full((3, int(hundred)), 7, np.uint8)
            content = np.hstack([coarse, np.array(labels, np.uint8)[:, None], rows])
            (folder / f"{file}.bin").write_bytes(content.tobytes())
        else:
            key = b"fine_labels" if hundred else b"labels"
            held = {b"data": rows, key: labels, b"batch_label": b"batch"}
            # The protocol of Python 2, in which the published files are written.
            (folder / file).write_bytes(pickle.dumps(held, protocol=2))
    return rows


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "python"])
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_files_are_read(tmp_path, name, binary):
    rows = write_cifar(tmp_path, name, binary=binary)
    found = data.load(name, tmp_path)
    assert len(found.train) == (3 if name == "cifar100" else 15)
    assert found.test.labels.tolist() == [0, 9, 4]
    # The first 1,024 bytes are the red plane, row by row.
    red = np.round(found.test.images[1, :, :, 0] * 255)
    assert np.array_equal(red.ravel(), rows[1, :1024])


def test_cifar_is_found_in_its_archives_folder(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    write_cifar(folder, "cifar10", binary=False)
    assert len(data.load("cifar10", tmp_path).train) == 15


SPOILT_CIFAR = {
    "cut short": (".bin", b"\0" * 3072, "records of 3,073 bytes"),
    "empty": (".bin", b"", "records of 3,073 bytes"),
    "unknown label": (".bin", b"\xff" + b"\0" * 3072, "labels in 0 ... 9"),
    "no pickle": ("", b"not a pickle", "a pickle of arrays|an undamaged pickle"),
    "half a pickle": ("", pickle.dumps({b"data": 1})[:-4], "pickle"),
    "another pickle": ("", pickle.dumps([1, 2]), "a dict with data and labels"),
    "wrong rows": (
        "",
        pickle.dumps({b"data": np.zeros((2, 5), np.uint8), b"labels": [1, 2]}, 2),
        "one row of 3,072 bytes",
    ),
    "a program": ("", pickle.dumps(print), "names builtins.print"),
}


@pytest.mark.parametrize(
    ("ending", "content", "said"), SPOILT_CIFAR.values(), ids=SPOILT_CIFAR
)
def test_spoilt_cifar_files_are_refused(tmp_path, ending, content, said):
    (tmp_path / f"data_batch_1{ending}").write_bytes(content)
    with pytest.raises(DataError, match=said):
        data.load("cifar10", tmp_path)


class Harmful:
    def __reduce__(self):
        return (Path.touch, (Path("harmed"),))


def test_a_pickle_cannot_run_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({b"data": Harmful()}, protocol=2)
    with pytest.raises(pickle.UnpicklingError, match="which no data set needs"):
        unpickling.load(content)
    assert not (tmp_path / "harmed").exists()
    pickle.loads(content)  # the ordinary reader does run it
    assert (tmp_path / "harmed").exists()


# Names, folders, batches ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("mnits", None, "Did you mean mnist"),
        ("mnist", None, "the folder with the files of mnist"),
        ("mnist", "empty", "train-images-idx3-ubyte"),
        ("cifar100", "empty", "train.bin"),
    ],
)
def test_what_is_not_there_is_told(tmp_path, name, folder, said):
    with pytest.raises(GeometryError, match=said):
        data.load(name, folder and tmp_path)


def test_an_epochs_order_depends_on_the_seed_and_the_epoch_alone():
    first, again, later, other = (
        batches.order(10, 3, seed, epoch)
        for seed, epoch in [(0, 1), (0, 1), (0, 2), (1, 1)]
    )
    assert np.array_equal(first, again)
    assert len(set(first.ravel().tolist())) == 9
    assert not np.array_equal(first, later)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("size", [0, 11])
def test_a_batch_must_fit(size):
    with pytest.raises(GeometryError, match=r"1 \.\.\. 10"):
        batches.order(10, size, 0, 1)


def test_in_turn_every_example_counts_once():
    whole = data.Examples(np.zeros((5, 1, 1, 1), np.float32), np.arange(5))
    found = [(each.labels.tolist(), n) for each, n in batches.in_turn(whole, 3)]
    assert found == [([0, 1, 2], 3), ([3, 4, 3], 2)]
