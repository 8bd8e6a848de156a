// The keys that pawaPay signs its callbacks with. Source: the provider's page "Public keys".
import type { KeyObject } from 'node:crypto';
import { elapsedMs } from '../../core/clock.js';
import type { ProviderApi } from '../shared/api.js';
import { p256Key } from '../shared/message-signature.js';
import { publicKeys } from './schema.js';

/** Keys that were withdrawn verify nothing for longer than this. */
const keepForMs = 3_600_000;
/** A key that is not listed may be new, or invented by the sender: the list is not asked for more often. */
const askAgainAfterMs = 60_000;

/** Finds a key by its id in the provider's list, which is fetched when it is needed and then kept for a while. */
export function callbackKeys(api: ProviderApi): (id: string) => Promise<KeyObject | undefined> {
  const { clock } = api.network;
  let keys = new Map<string, KeyObject | undefined>();
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    const list = await api.lookup(new AbortController().signal, (call) => call.read('/v2/public-key/http', publicKeys));
    keys = new Map(list.map(({ id, key }) => [id, p256Key(key)]));
    fetchedAtMs = elapsedMs(clock);
  }

  return async (id) => {
    const ageMs = elapsedMs(clock) - fetchedAtMs;
    if (ageMs >= (keys.has(id) ? keepForMs : askAgainAfterMs)) {
      pending ??= fetchKeys().finally(() => {
        pending = undefined;
      });
      await pending;
    }
    return keys.get(id);
  };
}
