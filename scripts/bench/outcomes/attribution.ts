/** How long it takes to attribute 100,000 journeys by all models. */
import type { Engine } from "../../stack/types.ts";
import { loadJourneys } from "../accuracy-loop/journeys.ts";
import { simulateJourneys } from "../generators/journeys.ts";
import type { BenchRow } from "../row.ts";

const JOURNEYS = 100_000;

export async function attributionSpeedRows(engine: Engine): Promise<BenchRow[]> {
  const { journeys } = simulateJourneys(1, JOURNEYS, 0.1);
  const brand = await loadJourneys(engine, "speed-of-attribution", journeys);
  const started = performance.now();
  await engine.query("select count(*) from outcomes.attribute($1::uuid, '2026-03-01', '2026-04-01')", [
    brand,
  ]);
  const seconds = (performance.now() - started) / 1000;
  return [
    {
      what: "attribution of 100,000 journeys, eight models, each touch written",
      figure: seconds,
      unit: "s",
      bar: "under 60",
      rival: "no rival on this machine",
      passed: seconds < 60,
    },
  ];
}
