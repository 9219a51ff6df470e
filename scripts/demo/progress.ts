import cliProgress from "cli-progress";

export interface Progress {
  advance(by: number): void;
  stop(): void;
}

/** A bar in a terminal (a counter where the total is not known: 0); in a log file one line at the end. */
export function startProgress(label: string, total: number): Progress {
  if (!process.stdout.isTTY) {
    const startedAt = Date.now();
    let done = 0;
    return {
      advance: (by) => {
        done += by;
      },
      stop: () => console.log(`${label}: ${done} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`),
    };
  }
  const bar = new cliProgress.SingleBar(
    {
      format:
        label.padEnd(20) + (total > 0 ? " {bar} {percentage}% {value}/{total} {eta_formatted}" : " {value}"),
      hideCursor: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return { advance: (by) => bar.increment(by), stop: () => bar.stop() };
}
