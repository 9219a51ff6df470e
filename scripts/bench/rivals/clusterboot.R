# Prints how stable R's package fpc finds the k-means clusters of our sets: mean bootstrap Jaccard of each cluster, over
# several seeds. fpc counts each drawn point once (multipleboot = FALSE), and a cluster overlaps with the one of the draw
# that it shares most with. Makes the figures that our own stability is compared with; needs R and Debian's r-cran-fpc:
#   Rscript scripts/bench/rivals/clusterboot.R > tests/support/clusters/clusterboot.json
#   npx biome format --write tests/support/clusters
suppressMessages(library(fpc))

seeds <- 1:10
cases <- list(
  list("iris", 2), list("iris", 3), list("wine", 3), list("breast_cancer", 2),
  list("blobs", 3), list("blobs", 4), list("varied", 3), list("aniso", 3), list("moons", 2),
  list("touching", 3), list("touching", 4), list("crowd", 5), list("nothing", 3)
)

# By the deviation of the population, as Loopwise standardises.
standardised <- function(set) {
  rows <- as.matrix(read.csv(sprintf("tests/support/clusters/%s.csv", set), header = FALSE))[, -1]
  unname(scale(rows, scale = apply(rows, 2, function(x) sqrt(mean((x - mean(x))^2)))))
}

measure <- function(set, k) {
  points <- standardised(set)
  runs <- lapply(seeds, function(seed) {
    clusterboot(points, B = 100, bootmethod = "boot", clustermethod = kmeansCBI, krange = k, runs = 10, seed = seed,
      count = FALSE)
  })
  # Seeds may end in other partitions; only those of the best one are of the same clusters and may be averaged.
  within <- sapply(runs, function(run) run$result$result$tot.withinss)
  runs <- runs[within <= min(within) * (1 + 1e-6)]
  centres <- runs[[1]]$result$result$centers
  jaccards <- sapply(runs, function(run) {
    same <- apply(centres, 1, function(one) which.min(colSums((t(run$result$result$centers) - one)^2)))
    run$bootmean[same]
  })
  clusters <- sapply(seq_len(k), function(i) {
    sprintf('{"size": %d, "jaccard": %.4f, "centre": [%s]}', runs[[1]]$result$result$size[i], mean(jaccards[i, ]),
      paste(sprintf("%.4g", centres[i, ]), collapse = ", "))
  })
  message(sprintf("%s %d: %d seeds, spread %.3f", set, k, length(runs), max(apply(jaccards, 1, sd))))
  sprintf('{"set": "%s", "k": %d, "seeds": %d, "clusters": [%s]}', set, k, length(runs),
    paste(clusters, collapse = ",\n"))
}

measured <- sapply(cases, function(case) measure(case[[1]], case[[2]]))
cat(sprintf('{"made_by": "R %s.%s, fpc %s: clusterboot(B = 100, bootmethod = \\"boot\\", clustermethod = kmeansCBI, runs = 10)",\n',
  R.version$major, R.version$minor, packageVersion("fpc")))
cat(sprintf('"cases": [%s]}\n', paste(measured, collapse = ",\n")))
