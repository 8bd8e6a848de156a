// Looks once at how the server is set up, before anything is trusted to it.
import { ConfigurationError } from '../../core/errors.js';
import { warn } from '../../core/warn.js';
import type { SendCommand } from './connection.js';

/** Made with each batch until it has passed, so that a server that is set right needs no restart of the application. */
export class ServerCheck {
  isPassed = false;
  readonly #send: SendCommand;
  #warned = '';

  constructor(send: SendCommand) {
    this.#send = send;
  }

  /** @throws `ConfigurationError` if the server may drop holds to make room, or cannot tell that it was restarted. */
  async run(): Promise<void> {
    const problems = this.#problems(await this.#version(), await this.#config());
    if (problems.length > 0) {
      // A warning as well, because the error that the caller gets names only the store.
      this.#warnOnce(problems.join(' '));
      throw new ConfigurationError(problems);
    }
    this.isPassed = true;
  }

  #problems(version: string | undefined, config: ReadonlyMap<string, string> | undefined): string[] {
    const problems: string[] = [];
    if (version !== undefined && Number.parseInt(version, 10) < 7) {
      problems.push('redisStore needs Redis 7 or later: earlier ones do not forget scripts when they lose writes.');
    }
    if (!config) return problems;
    if (config.get('maxmemory') !== '0' && config.get('maxmemory-policy') !== 'noeviction') {
      problems.push(
        'redisStore needs `maxmemory-policy noeviction`: otherwise Redis forgets holds when memory is full.',
      );
    }
    if (config.get('appendonly') === 'no' && config.get('save') === '') {
      this.#warnOnce('Redis keeps nothing on disk (appendonly no, no save): a restart forgets captured references.');
    }
    return problems;
  }

  async #version(): Promise<string | undefined> {
    try {
      return /^redis_version:(\S+)/m.exec(String(await this.#send(['INFO', 'server'])))?.[1];
    } catch (error) {
      if (!isRefused(error)) throw error;
      return undefined;
    }
  }

  async #config(): Promise<Map<string, string> | undefined> {
    try {
      const names = ['maxmemory', 'maxmemory-policy', 'appendonly', 'save'];
      const entries: [string, string][] = [];
      for (const name of names) entries.push([name, configValue(await this.#send(['CONFIG', 'GET', name]), name)]);
      return new Map(entries);
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#warnOnce('CONFIG is not permitted here: see to it that Redis has `maxmemory-policy noeviction`.');
      return undefined;
    }
  }

  #warnOnce(message: string): void {
    if (this.#warned === message) return;
    this.#warned = message;
    warn('PAYOUT_GUARD_REDIS', message);
  }
}

/** The server does not know the command, or does not let this user run it: managed services do either. */
function isRefused(error: unknown): boolean {
  return /^(NOPERM|ERR unknown command|ERR.*not (allowed|supported|permitted))/i.test(
    String((error as Error)?.message),
  );
}

/** Clients give a map as a list, a Map or an object. */
function configValue(reply: unknown, name: string): string {
  if (Array.isArray(reply)) return String(reply[reply.indexOf(name) + 1] ?? '');
  if (reply instanceof Map) return String(reply.get(name) ?? '');
  return String((reply as Record<string, unknown> | null)?.[name] ?? '');
}
