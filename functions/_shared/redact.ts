const SECRETS =
  /lwk_[\w-]+|sb_secret_[\w-]+|\bsk-[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=Bearer )\S+|(?<=(?:hub\.verify_token|token|secret|password|api_?key)["']?\s*[=:]\s*["']?)[^\s"'&,}]+|[\w.+-]+@[\w-]+\.[\w.-]+|\+\d{7,15}/gi;

/** Takes keys, tokens, passwords, e-mail addresses and phone numbers out of a line that is about to be logged. */
export function redact(line: string): string {
  return line.replace(SECRETS, "[redacted]");
}
