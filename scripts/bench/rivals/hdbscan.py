"""Clusters points by scikit-learn's HDBSCAN as it comes. Argument: dimensions; standard input: the points as floats."""

import json
import sys
import time

import numpy
from sklearn.cluster import HDBSCAN

points = numpy.frombuffer(sys.stdin.buffer.read(), dtype=numpy.float32).reshape(-1, int(sys.argv[1]))
started = time.perf_counter()
labels = HDBSCAN(n_jobs=2).fit_predict(points)
seconds = time.perf_counter() - started
json.dump({"seconds": seconds, "clusters": int(labels.max()) + 1, "noise": float((labels < 0).mean())}, sys.stdout)
