// The console as a function from Request to Response.
import {
  type Answer,
  type ConsoleRequest,
  longestBody,
  mostPending,
  parseJson,
  type Stream,
  tooLarge,
} from './exchange.js';
import { below } from './node-handler.js';

/** @param basePath - Stripped from paths that begin with it. */
export function readFetchRequest(request: Request, basePath: string): ConsoleRequest {
  const { pathname, searchParams } = new URL(request.url);
  return {
    method: request.method,
    path: below(pathname, basePath),
    fullPath: pathname,
    query: searchParams,
    header: (name) => request.headers.get(name) ?? undefined,
    json: () => readJson(request),
    original: request,
  };
}

export function fetchResponse(request: Request, { status, headers, body }: Answer): Response {
  if (typeof body === 'string') return new Response(request.method === 'HEAD' ? null : body, { status, headers });
  return new Response(streamOf(body, request.signal), { status, headers });
}

function streamOf(stream: Stream, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        stop = stream({
          write: (text) => {
            controller.enqueue(encoder.encode(text));
            return (controller.desiredSize ?? 0) > 0;
          },
          end: () => controller.close(),
        });
        signal.addEventListener('abort', stop, { once: true });
      },
      cancel: () => stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: mostPending }),
  );
}

async function readJson(request: Request): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > longestBody) throw tooLarge();
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}
