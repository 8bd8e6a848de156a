// Requests to the console. Every address is relative to the page.
import type { Action, HoldState, Session, UnusualDebit } from './types.js';

/** An answer that is not a success, with the server's sentence. */
export class ApiError extends Error {
  readonly status: number;
  /** The server asks for a second confirmation of this debit. */
  readonly unusualDebit: UnusualDebit | undefined;

  constructor(status: number, message: string, unusualDebit?: UnusualDebit) {
    super(message);
    this.status = status;
    this.unusualDebit = unusualDebit;
  }
}

export type Params = Readonly<Record<string, string | undefined>>;

/** The query string of these parameters, without those that are empty. */
export function queryOf(params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value) query.set(name, value);
  return query.size > 0 ? `?${query}` : '';
}

export async function get<T>(path: string, params: Params = {}): Promise<T> {
  return read<T>(await ask(`api/${path}${queryOf(params)}`));
}

export interface ActionRequest {
  readonly action: Action;
  readonly reason: string;
  readonly reference?: string | undefined;
  readonly attempt?: string | undefined;
  readonly wallet?: string | undefined;
  readonly state?: HoldState | undefined;
  readonly amount?: string | undefined;
  readonly confirmUnusualDebit?: true | undefined;
}

export async function act<T>({ token = '', tokenHeader = '' }: Session, request: ActionRequest): Promise<T> {
  const headers = { 'content-type': 'application/json', [tokenHeader]: token };
  return read<T>(await ask('api/actions', { method: 'POST', headers, body: JSON.stringify(request) }));
}

async function ask(address: string, options: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(address, { ...options, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, 'The server of the console cannot be reached.');
  }
}

async function read<T>(response: Response): Promise<T> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  const body: unknown = isJson ? await response.json() : undefined;
  if (response.ok && isJson) return body as T;
  const { message, unusualDebit } = (body ?? {}) as { message?: string; unusualDebit?: UnusualDebit };
  throw new ApiError(response.status, message ?? `The server answered with status ${response.status}.`, unusualDebit);
}
