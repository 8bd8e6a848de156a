// The scripts of the Redis store, with the time of the history instead of the server's: it travels as two more keys,
// the last ones. Nothing else in them is changed.
import { createHash } from 'node:crypto';

const serverTime = "redis.call('TIME')";

export class TimedScripts {
  /** Digests of scripts as the store knows them, and as the server does. */
  readonly #digests = new Map<string, string>();
  /** Digests of scripts that read no time, which are left as they are. */
  readonly #timeless = new Set<string>();

  /** The same call of a script, at this time. */
  timed(call: readonly string[], nowMs: number): string[] {
    const [command, script = '', keyCount, ...more] = call;
    if (command === 'EVAL' && !readsTime(script)) this.#timeless.add(digestOf(script));
    if (command === 'EVAL' ? !readsTime(script) : this.#timeless.has(script)) return [...call];
    const seconds = Math.floor(nowMs / 1_000);
    const time = [`${seconds}`, `${(nowMs - seconds * 1_000) * 1_000}`];
    const count = Number(keyCount);
    const rest = [`${count + 2}`, ...more.slice(0, count), ...time, ...more.slice(count)];
    if (command === 'EVAL') {
      const source = withTimeOfCall(script);
      this.#digests.set(digestOf(script), digestOf(source));
      return ['EVAL', source, ...rest];
    }
    // One that was not sent yet is unknown to the server under any digest.
    return ['EVALSHA', this.#digests.get(script) ?? script, ...rest];
  }
}

/**
 * @throws when the script reads the time in another way than once, by {@link serverTime}: the history would not be its
 * master.
 */
function withTimeOfCall(script: string): string {
  const [before = '', after, ...more] = script.split(serverTime);
  if (after === undefined || more.length > 0 || readsTime(before + after)) {
    throw new Error(`A script of the Redis store must read the time once, by ${serverTime}.`);
  }
  return `${before}{ KEYS[#KEYS - 1], KEYS[#KEYS] }${after}`;
}

function readsTime(script: string): boolean {
  return /TIME['"]/i.test(script);
}

function digestOf(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}
