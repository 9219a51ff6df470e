import cliProgress from "cli-progress";

export interface Progress {
  advance(by: number): void;
  stop(): void;
}

/** A bar in a terminal; in a log file one line at the start and one at the end. */
export function startProgress(label: string, total: number): Progress {
  if (!process.stdout.isTTY) {
    const startedAt = Date.now();
    let done = 0;
    console.log(`${label}: ${total} …`);
    return {
      advance: (by) => {
        done += by;
      },
      stop: () => console.log(`${label}: ${done} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`),
    };
  }
  const bar = new cliProgress.SingleBar(
    { format: `${label.padEnd(24)} {bar} {percentage}% {value}/{total} {eta_formatted}`, hideCursor: true },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return { advance: (by) => bar.increment(by), stop: () => bar.stop() };
}
