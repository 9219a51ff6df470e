"""Prints scikit-learn's small data sets, and the made ones of its comparison of clusterings, as JSON: name -> rows."""

import json
import sys

from sklearn import datasets

SIZE = 500


def made():
    yield "blobs", datasets.make_blobs(SIZE, random_state=8)
    yield "moons", datasets.make_moons(SIZE, noise=0.05, random_state=30)
    yield "circles", datasets.make_circles(SIZE, factor=0.5, noise=0.05, random_state=30)
    yield "varied", datasets.make_blobs(SIZE, cluster_std=[1.0, 2.5, 0.5], random_state=170)
    points, labels = datasets.make_blobs(SIZE, random_state=170)
    yield "aniso", (points @ [[0.6, -0.6], [-0.4, 0.8]], labels)
    # Less and less to find, for scales of stability: neighbours that touch, a crowd in six dimensions, nothing at all.
    yield "touching", datasets.make_blobs(SIZE, centers=[[0, 0], [3, 0], [1.5, 2.6]], random_state=1)
    yield "crowd", datasets.make_blobs(SIZE, n_features=6, centers=5, center_box=(-2, 2), random_state=4)
    yield "nothing", datasets.make_blobs(SIZE, centers=1, random_state=1)


def shipped():
    for name in ("iris", "wine", "breast_cancer", "digits"):
        yield name, getattr(datasets, f"load_{name}")(return_X_y=True)


def row(label, point):
    return ",".join([str(label), *(f"{value:.6g}" for value in point)])


sets = dict([*shipped(), *made()])
json.dump({name: [row(*pair) for pair in zip(labels, points)] for name, (points, labels) in sets.items()}, sys.stdout)
