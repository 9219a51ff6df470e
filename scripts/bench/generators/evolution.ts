/**
 * People in groups that change as they are watched: from window to window every group drifts a little and every person is
 * measured anew; in some windows a group splits, two become one, one is spread over the others or a new one forms.
 */
import { createRandom, type Random } from "../../demo/random.ts";

export type Change = "quiet" | "split" | "merge" | "dissolve" | "emerge";

export interface EvolutionWindow {
  change: Change;
  /** What is measured of each person. */
  points: number[][];
  /** The true group of each person; a group that goes on keeps its number. */
  groups: number[];
  /** Groups that the change is about: who is in them need not keep a cohort. */
  touched: Set<number>;
}

export const PEOPLE = 1_500;
const DIMENSIONS = 8;
const GROUPS = 6;
const SPREAD = 4;
const DRIFT = 0.15;
/** How far the halves of a split move from where their group was, in deviations of a person. */
const APART = 3.5;
const NEWCOMERS = 0.14;

/** A change is followed by a quiet window; the run of quiet ones in the middle is where false events would show. */
export const SCHEDULE: Change[] = [
  ...(["quiet", "split", "quiet", "merge", "quiet", "dissolve", "quiet"] as const),
  ...(["quiet", "quiet", "quiet"] as const),
  ...(["emerge", "quiet", "split", "merge", "quiet"] as const),
];

interface World {
  centres: Map<number, number[]>;
  groups: number[];
  next: number;
  random: Random;
}

export function generateEvolution(seed: number, schedule: Change[] = SCHEDULE): EvolutionWindow[] {
  const random = createRandom(seed);
  const world: World = {
    random,
    centres: new Map(Array.from({ length: GROUPS }, (_, group) => [group, place(random)])),
    groups: Array.from({ length: PEOPLE }, (_, person) => person % GROUPS),
    next: GROUPS,
  };
  return (["quiet", ...schedule] as Change[]).map((change) => {
    const touched = changes[change](world);
    for (const [group, centre] of world.centres) {
      world.centres.set(
        group,
        centre.map((x) => x + random.normal(0, DRIFT)),
      );
    }
    const points = world.groups.map((group) =>
      (world.centres.get(group) as number[]).map((x) => x + random.normal(0, 1)),
    );
    return { change, points, groups: [...world.groups], touched: new Set(touched) };
  });
}

const changes: Record<Change, (world: World) => number[]> = {
  quiet: () => [],
  split(world) {
    const { random, centres } = world;
    const group = random.pick([...centres.keys()]);
    const centre = centres.get(group) as number[];
    const direction = place(random);
    const length = Math.hypot(...direction) / APART;
    centres.set(
      group,
      centre.map((x, i) => x + (direction[i] as number) / length),
    );
    centres.set(
      world.next,
      centre.map((x, i) => x - (direction[i] as number) / length),
    );
    move(world, (from) => (from === group && random.chance(0.5) ? world.next : from));
    return [group, world.next++];
  },
  merge(world) {
    const { centres } = world;
    const [a, b] = closest(centres);
    const other = centres.get(b) as number[];
    centres.set(
      a,
      (centres.get(a) as number[]).map((x, i) => (x + (other[i] as number)) / 2),
    );
    centres.delete(b);
    move(world, (from) => (from === b ? a : from));
    return [a, b];
  },
  dissolve(world) {
    const { random, centres } = world;
    const group = random.pick([...centres.keys()]);
    centres.delete(group);
    const others = [...centres.keys()];
    move(world, (from) => (from === group ? random.pick(others) : from));
    return [group];
  },
  emerge(world) {
    world.centres.set(world.next, place(world.random));
    move(world, (from) => (world.random.chance(NEWCOMERS) ? world.next : from));
    return [world.next++];
  },
};

function place(random: Random): number[] {
  return Array.from({ length: DIMENSIONS }, () => random.normal(0, SPREAD));
}

function move(world: World, to: (from: number) => number): void {
  world.groups = world.groups.map(to);
}

function closest(centres: Map<number, number[]>): [number, number] {
  const groups = [...centres.keys()];
  const pairs = groups.flatMap((a, i) => groups.slice(i + 1).map((b): [number, number] => [a, b]));
  const distance = ([a, b]: [number, number]) =>
    Math.hypot(
      ...(centres.get(a) as number[]).map((x, i) => x - ((centres.get(b) as number[])[i] as number)),
    );
  return pairs.reduce((best, pair) => (distance(pair) < distance(best) ? pair : best));
}
