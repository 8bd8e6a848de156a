// The scripts of the Redis store, with the time of the history instead of the server's: it travels as two more keys, the last ones. Nothing
// else in them is changed.
import { createHash } from 'node:crypto';

const serverTime = "redis.call('TIME')";

export class TimedScripts {
  /** Digests of scripts as the store knows them, and as the server does. */
  readonly #digests = new Map<string, string>();

  /** The same call of a script, at this time. */
  timed([command, script = '', keyCount, ...more]: readonly string[], nowMs: number): string[] {
    const seconds = Math.floor(nowMs / 1_000);
    const time = [`${seconds}`, `${(nowMs - seconds * 1_000) * 1_000}`];
    const count = Number(keyCount);
    const call = [`${count + 2}`, ...more.slice(0, count), ...time, ...more.slice(count)];
    if (command === 'EVAL') {
      const source = withTimeOfCall(script);
      this.#digests.set(digestOf(script), digestOf(source));
      return ['EVAL', source, ...call];
    }
    // One that nobody has sent yet is unknown to the server under any digest.
    return ['EVALSHA', this.#digests.get(script) ?? script, ...call];
  }
}

/** @throws when the script reads the time in another way than once, by {@link serverTime}: the history would not be its master. */
function withTimeOfCall(script: string): string {
  const [before = '', after, ...more] = script.split(serverTime);
  if (after === undefined || more.length > 0 || /TIME['"]/.test(before + after)) {
    throw new Error(`A script of the Redis store must read the time once, by ${serverTime}.`);
  }
  return `${before}{ KEYS[#KEYS - 1], KEYS[#KEYS] }${after}`;
}

function digestOf(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}
