import type { Computation } from "./computation.ts";
import { type Contradiction, channelConfidence, contradiction, type Drivers, drivers } from "./insights.ts";
import { posteriors } from "./posterior.ts";
import { type MemoryLoop, memoryLoop } from "./rhythms.ts";

/** A node of `ai.explain`, with its causes. */
export type Explained = Record<string, unknown> & { kind: string; id: string; because: Explained[] };
export type Explain = (kind: string, id: string, depth: number) => Promise<Explained>;

type Items = Record<string, unknown>[];
export interface Profile {
  id: string;
  as_of: string;
  identifiers: Record<string, unknown>;
  name: string | null;
  beliefs: {
    id: string;
    attribute: string;
    category: string | null;
    is_stated: boolean;
    distribution: string;
    trend: { probability: number };
  }[];
  communication: { id: string } | null;
  routines: { id: string; type: string }[];
  drivers: { id: string } | null;
  friction_points: { id: string }[];
  contradictions: { id: string; attribute: string }[];
}

/** The profile's numbers, each in its place, computed again from what `ai.explain` tells of it and from nothing else. */
export async function recompute(profile: Profile, explain: Explain): Promise<Record<string, unknown>> {
  /** What an insight was computed from: the computations of its beliefs. */
  const explained = async <Told>(kind: string, id: string) => {
    const node = await explain(kind, id, 1);
    const beliefs = node.because.filter((cause) => cause.kind === "belief");
    const computations = await Promise.all(beliefs.map((cause) => explain("computation", cause.id, 0)));
    return { told: node as unknown as Told, computations: computations as unknown as Computation[] };
  };
  const all = <Item, Result>(items: Item[], of: (item: Item) => Promise<Result>) =>
    Promise.all(items.map(of));

  return {
    ...(await counts(profile, explain)),
    beliefs: await all(profile.beliefs, async ({ id, category }) => {
      const computation = (await explain("computation", id, 0)) as unknown as Computation;
      const rows = posteriors(computation, profile.as_of);
      const row = rows.find((one) => one.category === (category ?? ""));
      if (!row) return {};
      const trend = { by: row.trend, probability: row.trend_probability };
      return { ...row, standard_deviation: Math.sqrt(row.variance), trend };
    }),
    communication: profile.communication && (await communication(profile.communication.id)),
    routines: await all(profile.routines, async ({ id }) =>
      memoryLoop((await explained<MemoryLoop>("memory_loop", id)).told),
    ),
    drivers: profile.drivers && (await sixDrivers(profile.drivers.id)),
    friction_points: await all(profile.friction_points, async ({ id }) => {
      const { told, computations } = await explained<{ computed_at: string }>("friction_point", id);
      const [row] = posteriors(computations[0] as Computation, told.computed_at, told.computed_at);
      return { severity: row?.mean };
    }),
    contradictions: await all(profile.contradictions, async ({ id }) => {
      const { told, computations } = await explained<Contradiction>("contradiction", id);
      return contradiction(told, computations);
    }),
  };

  async function communication(id: string) {
    const { told, computations } = await explained<{ computed_at: string }>("communication_profile", id);
    return { confidence: channelConfidence(told.computed_at, computations) };
  }

  async function sixDrivers(id: string) {
    const { told, computations } = await explained<Drivers>("drivers", id);
    const { confidence, ...shares } = drivers(told, computations);
    return { ...shares, decoded: { confidence } };
  }
}

async function counts(profile: Profile, explain: Explain) {
  const signals = (await explain("actor", profile.id, 0)).signals as { quality_score: number }[];
  const has = (known: unknown, worth: number) => (known ? worth : 0);
  return {
    total_signals: signals.length,
    data_quality_score: signals.reduce((total, one) => total + one.quality_score, 0) / signals.length,
    profile_completeness:
      has(signals.length, 0.3) +
      has(profile.identifiers.phone, 0.3) +
      has(profile.identifiers.email, 0.2) +
      has(profile.name, 0.2),
  };
}

/** Every number in a tree of JSON with the way to it. */
export function numbersIn(value: unknown, path: string[] = []): { path: string[]; value: number }[] {
  if (typeof value === "number") return [{ path, value }];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value as Items).flatMap(([key, inner]) => numbersIn(inner, [...path, key]));
}

export const at = (value: unknown, path: string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
