/**
 * Done-when 3 of the cohorts: stability on the scale of fpc's clusterboot, whose own figures are frozen in
 * tests/support/clusters/clusterboot.json, and memberships whose probability is what it says.
 */
import { readFileSync } from "node:fs";
import type postgres from "postgres";
import { createRandom } from "../../demo/random.ts";
import { calibration, mean } from "../../demo/scoring.ts";
import { standardise } from "../generators/mixture.ts";
import type { BenchRow } from "../row.ts";
import { plantVectors } from "../vectors.ts";
import { clusterSetFile, readClusterSet } from "./cluster-sets.ts";

const DRAWS = 200;
const BAR = 0.03;
const SEEDS = [1, 2, 3, 4];
const PEOPLE = 2_000;
const DIMENSIONS = 16;
/** Shares of the planted groups, and their deviations: none is a sphere like the others. */
const GROUPS = [
  { share: 0.4, deviation: 1 },
  { share: 0.3, deviation: 1.3 },
  { share: 0.2, deviation: 0.8 },
  { share: 0.1, deviation: 1 },
];
const SEPARATIONS = [3.5, 4.5, 6];

interface Case {
  set: string;
  k: number;
  clusters: { size: number; jaccard: number; centre: number[] }[];
}

export async function stabilityRows(sql: postgres.Sql): Promise<BenchRow[]> {
  const file = clusterSetFile("clusterboot").replace(/csv$/, "json");
  const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
  const rows: BenchRow[] = [];
  for (const one of cases) rows.push(await besideFpc(sql, one));
  return [...rows, ...(await calibrationRows(sql))];
}

/** The groups that fpc found, clustered again by ours. */
async function besideFpc(sql: postgres.Sql, { set, k, clusters }: Case): Promise<BenchRow> {
  const { points } = readClusterSet(set);
  const dimensions = (points[0] as number[]).length;
  const values = Float32Array.from(points.flat());
  standardise(values, dimensions);
  const vectors = points.map((_, i) => `[${values.slice(i * dimensions, (i + 1) * dimensions).join(",")}]`);
  const centres = clusters.map(({ centre }) => `[${centre.join(",")}]`);
  const [row] = await sql`
    with input as materialized (select ${vectors}::text[]::extensions.vector[] as points, ${centres}::text[]::extensions.vector[] as centres),
    labelled as materialized (select i.points, private.nearest_centroids(i.points, i.centres) as labels from input i),
    draw as materialized (
      select private.resampled_overlaps(l.points, 'kmeans', ${k}, l.labels, d.d, '{}') as overlaps
      from labelled l cross join generate_series(1, ${DRAWS}::integer) d (d))
    select array_agg(m.mean order by m.label) as stability
    from (select o.label, avg(o.overlap) as mean from draw cross join lateral unnest(draw.overlaps) with ordinality o (overlap, label) group by o.label) m`;
  const ours = (row?.stability ?? []) as number[];
  const difference = mean(clusters.map(({ jaccard }, i) => Math.abs((ours[i] as number) - jaccard)));
  const show = (list: number[]) => list.map((value) => value.toFixed(2)).join(", ");
  console.error(`  ${set}, k ${k}: ${show(ours)}; fpc ${show(clusters.map((c) => c.jaccard))}`);
  return {
    what: `stability of k-means on ${set}, k ${k}: mean difference from fpc`,
    figure: difference,
    unit: "Jaccard",
    bar: `at most ${BAR}`,
    rival: `ours ${show(ours)}; fpc ${show(clusters.map(({ jaccard }) => jaccard))}`,
    passed: difference <= BAR,
  };
}

async function calibrationRows(sql: postgres.Sql): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const separation of SEPARATIONS) {
    const points: { predicted: number; actual: number }[] = [];
    for (const seed of SEEDS) points.push(...(await memberships(sql, separation, seed)));
    const { error } = calibration(points);
    const right = mean(points.map(({ actual }) => actual));
    rows.push({
      what: `membership probability, groups ${separation} deviations apart: calibration error`,
      figure: error,
      unit: "ECE",
      bar: "at most 0.05",
      rival: `${(100 * right).toFixed(1)}% of ${points.length} people rightly placed, mean probability ${mean(points.map(({ predicted }) => predicted)).toFixed(3)}`,
      passed: error <= 0.05,
    });
  }
  return rows;
}

/** How sure the product is of the cohort of each person, and whether it is the one that most of the person's group are in. */
async function memberships(sql: postgres.Sql, separation: number, seed: number) {
  const random = createRandom(1000 * seed + separation);
  const centres = GROUPS.map(() =>
    Array.from({ length: DIMENSIONS }, () => random.normal(0, separation / Math.sqrt(2 * DIMENSIONS))),
  );
  const groups = Array.from({ length: PEOPLE }, () => random.weighted(GROUPS.map(({ share }) => share)));
  const values = Float32Array.from(
    groups.flatMap((group) =>
      (centres[group] as number[]).map((x) => random.normal(x, GROUPS[group]?.deviation as number)),
    ),
  );
  standardise(values, DIMENSIONS);
  const brand = await plantVectors(sql, `calibration ${separation} ${seed}`, values, DIMENSIONS);
  await sql`select cohorts.discover(${brand}, 'auto', ${seed}, '2026-02-01')`;
  const placed = await sql`
    select p.i, m.cohort_id as cohort, m.membership_confidence as confidence from generate_series(1, ${PEOPLE}::integer) p (i)
    join cohorts.actor_cohort_membership m
      on m.brand_id = ${brand} and m.actor_id = md5(${brand} || ' ' || p.i)::uuid and m.is_active and m.membership_type = 'primary'`;
  const cohorts = [...new Set(placed.map((row) => row.cohort as string))];
  // Two groups that lie too near each other for anybody may well be one cohort.
  const home = GROUPS.map((_, group) => {
    const counts = cohorts.map(
      (cohort) => placed.filter((row) => row.cohort === cohort && groups[row.i - 1] === group).length,
    );
    return cohorts[counts.indexOf(Math.max(...counts))];
  });
  return placed.map((row) => ({
    predicted: row.confidence as number,
    actual: home[groups[row.i - 1] as number] === row.cohort ? 1 : 0,
  }));
}
