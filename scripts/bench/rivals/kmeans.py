"""Finds k by k-means as cohorts.discover does. Arguments: dimensions, largest k, rounds of the bootstrap, seed; standard
input: the points as floats. Prints the seconds of the k-means alone for every k, and of the whole search."""

import json
import sys
import time

import numpy
from sklearn.cluster import KMeans

dimensions, max_k, rounds, seed = map(int, sys.argv[1:])
points = numpy.frombuffer(sys.stdin.buffer.read(), dtype=numpy.float32).reshape(-1, dimensions)
random = numpy.random.default_rng(seed)


def cluster(some, k):
    return KMeans(k, n_init=10, random_state=seed).fit_predict(some)


def jaccards(before, after, k):
    """Overlap of each group with the one of a second partition that it shares most with (Hennig 2007)."""
    common = numpy.zeros((k, k))
    numpy.add.at(common, (before, after), 1)
    either = common.sum(1, keepdims=True) + common.sum(0) - common
    return (common / numpy.maximum(either, 1)).max(1)


sweep = 0
stability = {}
started = time.perf_counter()
for k in range(2, max_k + 1):
    before = time.perf_counter()
    labels = cluster(points, k)
    sweep += time.perf_counter() - before
    total = numpy.zeros(k)
    for _ in range(rounds):
        drawn = numpy.unique(random.integers(len(points), size=len(points)))
        total += jaccards(labels[drawn], cluster(points[drawn], k), k)
    stability[k] = float((total / rounds).min())
json.dump({"sweep": sweep, "search": time.perf_counter() - started, "stability": stability}, sys.stdout)
