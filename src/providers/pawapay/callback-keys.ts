// The keys that pawaPay signs its callbacks with. Source: the provider's page "Public keys".
import type { KeyObject } from 'node:crypto';
import * as z from 'zod';
import { elapsedMs } from '../../core/clock.js';
import { BalanceUnavailableError } from '../../core/errors.js';
import type { ProviderApi } from '../shared/api.js';
import { p256Key } from '../shared/message-signature.js';

const publicKeys = z.array(z.object({ id: z.string(), key: z.string() }));

/** Keys that were withdrawn verify nothing for longer than this. */
const keepForMs = 3_600_000;
/** A key that is not listed may be new, or invented by the sender: the list is not asked for more often. */
const askAgainAfterMs = 60_000;
/** Anyone can post events, so a list that could not be read is not asked for more often either. */
const retryAfterMs = 10_000;

/** Finds a key by its id in the provider's list, which is fetched when it is needed and then kept for a while. */
export function callbackKeys(api: ProviderApi): (id: string) => Promise<KeyObject | undefined> {
  const { clock } = api.network;
  let keys = new Map<string, KeyObject | undefined>();
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let askAtMs = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    askAtMs = elapsedMs(clock) + retryAfterMs;
    const list = await api.other(new AbortController().signal, (call) => call.read('/v2/public-key/http', publicKeys));
    keys = new Map(list.map(({ id, key }) => [id, p256Key(key)]));
    fetchedAtMs = elapsedMs(clock);
    askAtMs = fetchedAtMs + askAgainAfterMs;
  }

  return async (id) => {
    const isKnown = keys.has(id) && elapsedMs(clock) - fetchedAtMs < keepForMs;
    if (isKnown) return keys.get(id);
    if (!pending && elapsedMs(clock) < askAtMs) {
      // It may be a new key all the same, so the event is to be posted again, which a 401 would prevent.
      throw new BalanceUnavailableError('rate_limited', {
        subject: 'Callback key',
        detail: 'the keys were asked for a moment ago',
        consequence: 'The callback was not read.',
      });
    }
    pending ??= fetchKeys().finally(() => {
      pending = undefined;
    });
    await pending;
    return keys.get(id);
  };
}
