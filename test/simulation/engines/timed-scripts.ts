// The scripts of the Redis store, with the time of the history instead of the server's time. It is passed as two
// additional keys at the end. Nothing else in the scripts is changed.
import { createHash } from 'node:crypto';

const serverTime = "redis.call('TIME')";

export class TimedScripts {
  /** Maps the store's digests of scripts to the server's. */
  readonly #digests = new Map<string, string>();
  /** Digests of scripts that read no time. They stay unchanged. */
  readonly #timeless = new Set<string>();

  /** The same script call at this time. */
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
    // A script that was never sent is unknown to the server under any digest.
    return ['EVALSHA', this.#digests.get(script) ?? script, ...rest];
  }
}

/**
 * @throws when the script does not read the time exactly once, by {@link serverTime}. The history would not control its
 * time.
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
