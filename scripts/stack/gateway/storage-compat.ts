import { BadBody } from "./body.ts";

/**
 * Where the Storage of @supabase/lite 0.10.0 and supabase-js 2 speak differently: files sent as forms, signed URLs,
 * and listing a folder. `next` is lite; everything else passes through.
 */
export async function answerStorage(
  request: Request,
  next: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const isPost = request.method === "POST";
  const isForm = (request.headers.get("content-type") ?? "").startsWith("multipart/form-data");
  if (isForm && (isPost || request.method === "PUT")) return next(await unwrapForm(request));
  if (isPost && /^\/storage\/v1\/object\/sign\/[^/]+$/.test(pathname)) return signMany(request, next);
  if (isPost && pathname.startsWith("/storage/v1/object/sign/")) return renameSignedUrl(await next(request));
  if (isPost && pathname.startsWith("/storage/v1/object/upload/sign/"))
    return renameUploadUrl(await next(request));
  if (isPost && pathname.startsWith("/storage/v1/object/list/")) return listFolder(request, next);
  return next(request);
}

/** supabase-js sends a Blob or File as a form with the file under the empty name; lite wants the bare bytes. */
async function unwrapForm(request: Request): Promise<Request> {
  const form = await request.formData().catch(() => null);
  const file = form?.get("") ?? form?.get("file");
  if (!form || !(file instanceof Blob)) throw new BadBody(400, "InvalidRequest", "Missing file in the form");
  const unwrapped = withBody(request, Buffer.from(await file.arrayBuffer()));
  unwrapped.headers.set("content-type", file.type || "application/octet-stream");
  const cacheControl = form.get("cacheControl");
  if (cacheControl) unwrapped.headers.set("cache-control", `max-age=${cacheControl}`);
  return unwrapped;
}

interface SignedUrl {
  signedUrl?: string;
  [key: string]: unknown;
}

async function renameSignedUrl(response: Response): Promise<Response> {
  if (!response.ok) return response;
  const { signedUrl } = (await response.json()) as SignedUrl;
  return withJson(response, { signedURL: withoutPrefix(signedUrl) });
}

/** Lite takes the path-less form for a single object without a name; each path is asked for by itself. */
async function signMany(request: Request, next: (request: Request) => Promise<Response>): Promise<Response> {
  const { expiresIn, paths } = (await request.json()) as { expiresIn?: unknown; paths?: unknown };
  const body = JSON.stringify({ expiresIn });
  const signed = [];
  for (const path of Array.isArray(paths) ? paths.map(String) : []) {
    const url = `${request.url}/${path.split("/").map(encodeURIComponent).join("/")}`;
    const one = new Request(url, { method: "POST", headers: request.headers });
    const response = await next(withBody(one, Buffer.from(body)));
    const { signedUrl, message } = (await response.json()) as SignedUrl & { message?: string };
    signed.push({ path, signedURL: withoutPrefix(signedUrl), error: response.ok ? null : message });
  }
  return Response.json(signed, { headers: { "access-control-allow-origin": "*" } });
}

async function renameUploadUrl(response: Response): Promise<Response> {
  if (!response.ok) return response;
  const { signedUrl, token } = (await response.json()) as SignedUrl;
  return withJson(response, { url: withoutPrefix(signedUrl), token });
}

/** supabase-js puts its own /storage/v1 in front. */
function withoutPrefix(url: string | undefined): string | null {
  return url?.replace(/^\/storage\/v1/, "") || null;
}

interface ListedObject {
  name: string;
  [key: string]: unknown;
}

const FOLDER = { id: null, updated_at: null, created_at: null, last_accessed_at: null, metadata: null };

/** Lite answers with every object below the prefix under its full name; Supabase with one level, folders as one entry. */
async function listFolder(
  request: Request,
  next: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { prefix = "", limit = 100, offset = 0, search = "", ...rest } = await request.json();
  const folder = prefix === "" ? "" : `${String(prefix).replace(/\/+$/, "")}/`;
  const everything = JSON.stringify({ ...rest, prefix: folder, limit: 1_000_000, offset: 0 });
  const response = await next(withBody(request, Buffer.from(everything)));
  if (!response.ok) return response;
  const entries = new Map<string, ListedObject>();
  for (const object of (await response.json()) as ListedObject[]) {
    if (!object.name.startsWith(folder)) continue;
    const [name = "", ...below] = object.name.slice(folder.length).split("/");
    if (!name.toLowerCase().includes(String(search).toLowerCase())) continue;
    if (below.length === 0) entries.set(name, { ...object, name });
    else if (!entries.has(name)) entries.set(name, { ...FOLDER, name });
  }
  return withJson(response, [...entries.values()].slice(offset, offset + limit));
}

function withBody(request: Request, body: Buffer): Request {
  const headers = new Headers(request.headers);
  headers.set("content-length", String(body.length));
  return new Request(request.url, { method: request.method, headers, body: new Uint8Array(body) });
}

function withJson(response: Response, body: unknown): Response {
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return Response.json(body, { status: response.status, headers });
}
