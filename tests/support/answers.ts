import { problem } from "../../types/api.ts";

/** What became of a request, in short: "200", or the status and code of its problem document: "403 role_too_low". */
export async function codeOf(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer;
  return response.ok
    ? `${response.status}`
    : `${response.status} ${problem.parse(await response.json()).code}`;
}
