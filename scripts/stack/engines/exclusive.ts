import { AsyncLocalStorage } from "node:async_hooks";

/**
 * One holder at a time. Work that is started from within the holder's own work does not wait for itself; what the
 * holder left running when it finished is a stranger again.
 */
export function createLock(): <T>(work: () => Promise<T>) => Promise<T> {
  const holder = new AsyncLocalStorage<{ holds: boolean }>();
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    if (holder.getStore()?.holds) return work();
    const turn = last.then(async () => {
      const self = { holds: true };
      try {
        return await holder.run(self, work);
      } finally {
        self.holds = false;
      }
    });
    last = turn.catch(() => {});
    return turn;
  };
}
