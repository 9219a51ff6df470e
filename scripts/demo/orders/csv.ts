import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";

/** The records of a CSV file (RFC 4180, optionally gzipped), one at a time, so that memory does not grow with the file. */
export async function* readCsv(path: string): AsyncGenerator<string[]> {
  const file = createReadStream(path);
  const source = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  // pipe() does not pass an error on: without this a missing file would never end the read.
  if (source !== file) file.on("error", (error) => source.destroy(error));
  source.setEncoding("utf8");
  yield* parseCsv(source as AsyncIterable<string>);
}

/** Splits chunks of text into records; a quoted field may hold commas, doubled quotes and line breaks. */
export async function* parseCsv(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string[]> {
  let record: string[] = [];
  let field = "";
  let quoted = false;
  let afterQuote = false;
  let afterReturn = false;
  let first = true;

  for await (const chunk of chunks) {
    for (const character of first ? chunk.replace(/^\uFEFF/, "") : chunk) {
      if (afterReturn && character === "\n") {
        afterReturn = false;
        continue;
      }
      afterReturn = false;
      if (quoted) {
        if (character !== '"') field += character;
        else {
          quoted = false;
          afterQuote = true;
        }
      } else if (character === '"' && (afterQuote || field === "")) {
        if (afterQuote) field += '"';
        quoted = true;
        afterQuote = false;
      } else if (character === ",") {
        record.push(field);
        field = "";
        afterQuote = false;
      } else if (character === "\n" || character === "\r") {
        record.push(field);
        yield record;
        record = [];
        field = "";
        afterQuote = false;
        afterReturn = character === "\r";
      } else {
        field += character;
        afterQuote = false;
      }
    }
    first = false;
  }
  if (field !== "" || record.length > 0) yield [...record, field];
}
