import { readAtMost } from "../../_shared/body.ts";

/** More than any provider says of one message. */
const MAX_ANSWER_BYTES = 65_536;

/** The JSON document of an answer; undefined where it is none, is too large, or breaks off. */
export async function answerJson(response: Response): Promise<unknown> {
  try {
    const body = await readAtMost(response, MAX_ANSWER_BYTES);
    return body && JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Whether a request failed before there was a connection: then nothing was sent. Deno tells it in words only. */
export function isUnconnected(error: unknown): boolean {
  const causes = [error, (error as Error)?.cause].filter(
    (e) => e instanceof Error,
  ) as NodeJS.ErrnoException[];
  return causes.some(
    (e) =>
      /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(
        e.code ?? "",
      ) || /connection refused|dns error|failed to lookup|invalid peer certificate/i.test(e.message),
  );
}
