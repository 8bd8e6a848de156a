// The API of a provider as an adapter sees it: one address, one account, requests with credentials, checked answers.
import type * as z from 'zod';
import { type Exchange, expectSuccess, type HttpAnswer, type HttpRequest } from '../../http/client.js';
import { type Credentials, sendWithCredentials } from '../../http/credentials.js';
import { type Failure, HttpFailure } from '../../http/failure.js';
import { parseJson, readIfShaped, readShape } from '../../http/json.js';
import { type Network, type NetworkOptions, resolveNetwork, withoutTrailingSlashes } from '../../http/options.js';
import { ProviderClient } from './provider-client.js';

/** A request to a path below the base URL of the API. */
export interface ApiRequest extends Omit<HttpRequest, 'url'> {
  readonly path: string;
}

export interface ApiSettings extends NetworkOptions {
  readonly baseUrl: string;
  readonly accountId?: string | undefined;
}

export interface ApiParts {
  /** Headers of each request, or credentials that may have to be renewed. */
  readonly credentials: Credentials | Readonly<Record<string, string>>;
  /** Headers of each request beside them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The failure that an answer reports in the provider's own way; undefined leaves the status to decide. */
  readonly failureOf?: ((answer: HttpAnswer) => Failure | undefined) | undefined;
}

/** The requests of one question. */
export interface ApiCall {
  /** Sends a request and returns its answer, whatever its status. */
  send(request: ApiRequest): Promise<HttpAnswer>;
  /** Sends a GET request and reads its answer by the schema. @throws `HttpFailure` of another answer */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /**
   * As {@link read}, and undefined after an answer in the provider's words for no such record, or none yet. Its status
   * is 404, or one that is not documented; the 404 of a gateway has other words, and is no word on a payout.
   */
  find<T>(path: string, schema: z.ZodType<T>, absence: z.ZodType<unknown>): Promise<T | undefined>;
}

export class ProviderApi {
  readonly network: Network;
  readonly #baseUrl: string;
  readonly #accountId: string | undefined;
  readonly #parts: ApiParts;
  readonly #balances: ProviderClient;
  /** A client of its own: look-ups that fail in a row must not open the circuit for balances. */
  readonly #lookups: ProviderClient;
  /** A third one for questions that anyone can cause, such as those for the key of an event. */
  readonly #others: ProviderClient;

  constructor(settings: ApiSettings, parts: ApiParts) {
    this.network = resolveNetwork(settings);
    this.#baseUrl = withoutTrailingSlashes(settings.baseUrl);
    this.#accountId = settings.accountId;
    this.#parts = parts;
    this.#balances = new ProviderClient(this.network);
    this.#lookups = new ProviderClient(this.network);
    this.#others = new ProviderClient(this.network);
  }

  /** Host of the API, the account behind the credentials if they have several, and the one of the options. */
  accountId(...account: readonly (string | undefined)[]): string {
    const { host, pathname } = new URL(this.#baseUrl);
    const parts = [...account, this.#accountId].filter((part) => part !== undefined);
    return [host + withoutTrailingSlashes(pathname), ...parts].join('/');
  }

  /** Asks for a balance. @throws `BalanceUnavailableError`, or the reason of `signal`. */
  balance<T>(signal: AbortSignal, work: (call: ApiCall) => Promise<T>): Promise<T> {
    return this.#balances.run(signal, (exchange) => work(this.#call(exchange)));
  }

  /** Asks for the outcome of a payout. @throws as {@link balance} */
  lookup<T>(signal: AbortSignal, work: (call: ApiCall) => Promise<T>): Promise<T> {
    return this.#lookups.run(signal, (exchange) => work(this.#call(exchange)));
  }

  /** Asks for anything that neither a balance nor an outcome depends on. @throws as {@link balance} */
  other<T>(signal: AbortSignal, work: (call: ApiCall) => Promise<T>): Promise<T> {
    return this.#others.run(signal, (exchange) => work(this.#call(exchange)));
  }

  #call(exchange: Exchange): ApiCall {
    const send = ({ path, ...request }: ApiRequest) => {
      const headers = { ...this.#parts.headers, ...request.headers };
      return sendWithCredentials(exchange, this.#credentials(), { ...request, headers, url: this.#baseUrl + path });
    };
    const read = async <T>(path: string, schema: z.ZodType<T>) => this.#read(await send({ path }), schema);
    return {
      send,
      read,
      find: async (path, schema, absence) => {
        const answer = await send({ path });
        if (answer.status < 500 && readIfShaped(absence, answer.text) !== undefined) return undefined;
        return this.#read(answer, schema);
      },
    };
  }

  #credentials(): Credentials {
    const { credentials } = this.#parts;
    if (isCredentials(credentials)) return credentials;
    return { headers: async () => ({ ...credentials }), renewed: async () => undefined };
  }

  #read<T>(answer: HttpAnswer, schema: z.ZodType<T>): T {
    const failure = this.#parts.failureOf?.(answer);
    if (failure) throw new HttpFailure(failure);
    expectSuccess(answer);
    return readShape(schema, parseJson(answer.text), 'the answer does not have the documented shape');
  }
}

function isCredentials(given: ApiParts['credentials']): given is Credentials {
  return typeof given.headers === 'function';
}
