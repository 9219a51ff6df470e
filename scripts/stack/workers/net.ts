import type { Engine } from "../types.ts";

interface QueuedRequest {
  id: number;
  method: string;
  url: string;
  headers: Record<string, string> | null;
  body: string | null;
  timeout: number;
}

export interface NetWorker {
  /** Gives up what is under way, recording that, and waits for it. */
  stop(): Promise<void>;
}

const AT_ONCE = 20;

/**
 * Sends the HTTP requests of the pg_net stand-in and stores the answers, as pg_net's background worker does: each
 * request at most once, answers kept for six hours.
 */
export async function startNetWorker(engine: Engine): Promise<NetWorker> {
  const ended = new AbortController();
  let draining: Promise<void> | undefined;
  let more = false;

  async function drain(): Promise<void> {
    do {
      more = false;
      await engine.query("delete from net._http_response where created < now() - interval '6 hours'");
      for (;;) {
        const requests = ended.signal.aborted ? [] : await take(engine);
        if (requests.length === 0) break;
        await Promise.all(requests.map((request) => answer(engine, request, ended.signal)));
      }
    } while (more);
  }

  function wake(): void {
    more = true;
    draining ??= drain()
      .catch((error) => console.error(`pg_net: ${error}`))
      .finally(() => {
        draining = undefined;
        // Woken between the last look and here.
        if (more && !ended.signal.aborted) wake();
      });
  }

  await engine.listen("net_http", wake);
  wake();
  return {
    async stop() {
      ended.abort();
      while (draining) await draining;
    },
  };
}

/** Takes requests out of the queue before they are sent: a crash may lose one, but none is ever sent twice. */
function take(engine: Engine): Promise<QueuedRequest[]> {
  return engine.query<QueuedRequest>(
    `with taken as (
       delete from net.http_request_queue
       where id in (select id from net.http_request_queue order by id limit $1 for update skip locked)
       returning *
     )
     select id::int, method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds as timeout
     from taken order by id`,
    [AT_ONCE],
  );
}

async function answer(engine: Engine, request: QueuedRequest, ended: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(request.timeout);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers ?? {},
      body: request.body ?? undefined,
      signal: AbortSignal.any([limit, ended]),
    });
    const content = await response.text();
    const headers = Object.fromEntries(response.headers);
    await engine.query(
      `insert into net._http_response (id, status_code, content_type, headers, content, timed_out)
       values ($1, $2, $3, $4::text::jsonb, $5, false)`,
      // PostgreSQL's text has no NUL.
      [
        request.id,
        response.status,
        response.headers.get("content-type"),
        JSON.stringify(headers),
        content.replaceAll("\0", ""),
      ],
    );
  } catch (error) {
    await engine.query("insert into net._http_response (id, timed_out, error_msg) values ($1, $2, $3)", [
      request.id,
      limit.aborted,
      limit.aborted ? `Timeout of ${request.timeout} ms reached` : explain(error),
    ]);
  }
}

/** fetch only says "fetch failed"; why is in the cause. */
function explain(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
}
