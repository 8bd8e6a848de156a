// Fault injection: the faults of a remote party, when their turn comes, and what goes over the wire.
import { type ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'lossless-json';
import { z } from 'zod';
import { readOptions } from '../../core/problems.js';
import { delaySchema } from './check-options.js';
import type { TaskTimer } from './task-timer.js';

/**
 * One way to answer wrongly. `slow`, `reset_midway`, `lost`, `fields` and `huge` begin with the correct answer, so the
 * request is carried out (a payout is made, a refresh token used up). The others take its place: the request is not
 * even looked at.
 *
 * - `slow`: the correct answer as of the arrival of the request, `ms` milliseconds late.
 * - `hang`: no answer until the simulator closes.
 * - `reset`: the connection is reset without an answer.
 * - `reset_midway`: status, headers and the first half of the body, then the connection is gone.
 * - `lost`: the connection is reset without an answer, after the request was carried out. With `status` a gateway's
 *   error page of that status takes the place of the answer.
 * - `status`: any status of 200 to 599. `body` is sent as it is, empty by default, as JSON unless `headers` differ.
 * - `html_500`: the error page of a gateway.
 * - `body`: status 200 and exactly this text: JSON cut short, `NaN`, a key twice. `contentType` is JSON by default.
 * - `fields`: the correct answer with these fields changed. `undefined` leaves a field out, objects are merged,
 *   a bigint is written as a number, and lossless-json's `LosslessNumber` gives a number any spelling.
 * - `huge`: the correct answer followed by blanks, `bytes` bytes in all. Valid JSON: only a limit on size refuses it.
 */
export type Fault =
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset_midway' }
  | { readonly kind: 'lost'; readonly status?: number | undefined }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly kind: 'html_500' }
  | { readonly kind: 'body'; readonly body: string; readonly contentType?: string | undefined }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'huge'; readonly bytes: number };

/** Selects the requests that meet a fault. */
export interface FaultOptions {
  /**
   * Number of requests that meet the fault. Without it the fault lasts until another one for the same path, or
   * `clearFaults`.
   */
  readonly times?: number | undefined;
  /**
   * End of the request's path; `''` is every path.
   * @defaultValue the path of the balance
   */
  readonly path?: string | undefined;
}

/** The answer of a simulator when nothing goes wrong. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Takes the place of the body where an API answers with a bare list, or with nothing. */
  readonly text?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The faults that are still to come, in the order they were set. */
export class FaultPlan {
  readonly #defaultPath: string;
  #planned: { readonly fault: Fault; readonly path: string; remaining: number }[] = [];

  constructor(defaultPath: string) {
    this.#defaultPath = defaultPath;
  }

  add(fault: Fault, options: FaultOptions = {}): void {
    const { times = Number.POSITIVE_INFINITY, path = this.#defaultPath } = readOptions(faultOptionsSchema, options);
    const planned = { fault: readOptions(faultSchema, fault), path, remaining: times };
    // A fault without end would keep every later one from its turn.
    this.#planned = this.#planned.filter((earlier) => earlier.path !== path || Number.isFinite(earlier.remaining));
    this.#planned.push(planned);
  }

  /** The fault that a request to this path meets, used up by one. */
  next(path: string): Fault | undefined {
    const planned = this.#planned.find((candidate) => path.endsWith(candidate.path));
    if (!planned) return undefined;
    planned.remaining -= 1;
    if (planned.remaining === 0) this.#planned = this.#planned.filter((other) => other !== planned);
    return planned.fault;
  }

  clear(): void {
    this.#planned = [];
  }
}

/** Answers a request, by way of the fault if there is one. */
export async function deliver(
  fault: Fault | undefined,
  answer: () => Answer | Promise<Answer>,
  response: ServerResponse,
  timer: TaskTimer,
): Promise<void> {
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const wire = replacement(fault) ?? toWire(await answer(), fault?.kind === 'fields' ? fault.fields : {});
  if (fault?.kind === 'lost') loseAnswer(response, fault.status);
  else if (fault?.kind === 'slow') timer.run(fault.ms, () => send(response, wire));
  else if (fault?.kind === 'reset_midway') sendHalf(response, wire);
  else if (fault?.kind === 'huge') sendPadded(response, wire, fault.bytes);
  else send(response, wire);
}

interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const json = { 'content-type': 'application/json' };

/** The fixed answer of the faults that do not depend on the request. */
function replacement(fault: Fault | undefined): WireAnswer | undefined {
  switch (fault?.kind) {
    case 'status':
      return { status: fault.status, headers: { ...json, ...fault.headers }, text: fault.body ?? '' };
    case 'html_500':
      return gatewayPage(500);
    case 'body':
      return { status: 200, headers: { 'content-type': fault.contentType ?? json['content-type'] }, text: fault.body };
    default:
      return undefined;
  }
}

function gatewayPage(status: number): WireAnswer {
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`;
  const text = `<html><head><title>${title}</title></head><body>Oops.</body></html>`;
  return { status, headers: { 'content-type': 'text/html' }, text };
}

function toWire(answer: Answer, changes: Answer['body']): WireAnswer {
  const text = answer.text ?? stringify(merged(answer.body, changes)) ?? '';
  return { status: answer.status, headers: { ...json, ...answer.headers }, text };
}

function send(response: ServerResponse, wire: WireAnswer): void {
  writeHead(response, wire);
  response.end(wire.text);
}

function loseAnswer(response: ServerResponse, status: number | undefined): void {
  if (status === undefined) response.socket?.resetAndDestroy();
  else send(response, gatewayPage(status));
}

function sendHalf(response: ServerResponse, wire: WireAnswer): void {
  writeHead(response, wire);
  const whole = Buffer.from(wire.text);
  response.setHeader('content-length', whole.length);
  response.write(whole.subarray(0, whole.length / 2), () => response.socket?.destroy());
}

function sendPadded(response: ServerResponse, wire: WireAnswer, bytes: number): void {
  function* pieces(): Generator<Buffer> {
    const text = Buffer.from(wire.text);
    yield text;
    for (let left = bytes - text.length; left > 0; left -= 16_384) yield Buffer.alloc(Math.min(left, 16_384), ' ');
  }
  writeHead(response, wire);
  // A client that stops reading is the point of this fault.
  pipeline(Readable.from(pieces()), response).catch(() => {});
}

// setHeader, not response.writeHead: headers that are not written yet get a content-length by themselves, and a later
// spelling of the same name replaces an earlier one.
function writeHead(response: ServerResponse, wire: WireAnswer): void {
  response.statusCode = wire.status;
  for (const [name, value] of Object.entries(wire.headers)) response.setHeader(name, value);
}

function merged(original: Answer['body'], changes: Answer['body']): Answer['body'] {
  const result = { ...original };
  for (const [name, change] of Object.entries(changes)) {
    const before = result[name];
    result[name] = isPlainObject(before) && isPlainObject(change) ? merged(before, change) : change;
  }
  return result;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

const headersSchema = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  }
});

const faultSchema: z.ZodType<Fault> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow'), ms: delaySchema }),
  z.strictObject({ kind: z.literal('hang') }),
  z.strictObject({ kind: z.literal('reset') }),
  z.strictObject({ kind: z.literal('reset_midway') }),
  z.strictObject({ kind: z.literal('lost'), status: z.int().min(400).max(599).optional() }),
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    body: z.string().optional(),
    headers: headersSchema.optional(),
  }),
  z.strictObject({ kind: z.literal('html_500') }),
  z.strictObject({
    kind: z.literal('body'),
    body: z.string(),
    contentType: z
      .string()
      .regex(/^[ -~]*$/)
      .optional(),
  }),
  z.strictObject({ kind: z.literal('fields'), fields: z.record(z.string(), z.unknown()) }),
  z.strictObject({ kind: z.literal('huge'), bytes: z.int().min(1) }),
]);

const faultOptionsSchema: z.ZodType<FaultOptions> = z.strictObject({
  times: z.int().min(1).optional(),
  path: z
    .string()
    .regex(/^(\/[^?#]*)?$/, 'pass a path that begins with /, without a query')
    .optional(),
});
