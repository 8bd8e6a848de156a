// The console as a handler of node:http, which Express takes as well.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, type ConsoleRequest, longestBody, mostPending, parseJson, tooLarge } from './exchange.js';

/** Properties that Express and its body parsers add. */
type MountedRequest = IncomingMessage & { originalUrl?: string; body?: unknown };

/** @param basePath - Stripped from paths that begin with it. */
export function readNodeRequest(request: IncomingMessage, basePath: string): ConsoleRequest {
  const { originalUrl, url = '/' } = request as MountedRequest;
  const { pathname, searchParams } = parsed(url);
  return {
    method: request.method ?? 'GET',
    path: below(pathname, basePath),
    fullPath: parsed(originalUrl ?? url).pathname,
    query: searchParams,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    json: () => readJson(request),
    original: request,
  };
}

export function below(path: string, basePath: string): string {
  const isBelow = basePath !== '' && (path === basePath || path.startsWith(`${basePath}/`));
  const rest = isBelow ? path.slice(basePath.length) : path;
  return rest === '' ? '/' : rest;
}

export function writeNodeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (typeof body === 'string') {
    response.setHeader('content-length', Buffer.byteLength(body));
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  response.flushHeaders();
  const stop = body({
    write: (text) => {
      response.write(text);
      return response.writableLength < mostPending;
    },
    end: () => void response.end(),
  });
  response.once('close', stop);
  // The client may have left before.
  if (response.destroyed) stop();
}

/** Paths like `//x` are paths here, not hosts. */
function parsed(url: string): { readonly pathname: string; readonly searchParams: URLSearchParams } {
  const [path = '/', query = ''] = url.split(/\?(.*)/s, 2);
  return { pathname: path === '' ? '/' : path, searchParams: new URLSearchParams(query) };
}

async function readJson(request: MountedRequest): Promise<unknown> {
  // A body parser of the application may have read it.
  if (request.readableEnded && typeof request.body === 'object') return request.body;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw tooLarge();
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}
