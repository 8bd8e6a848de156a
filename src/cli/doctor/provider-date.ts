// The clock of a provider, from the Date header of its answers.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock } from '../../core/clock.js';

/** Node.js publishes the answers to `fetch` here, to whichever code listens. */
const channel = 'undici:request:headers';

export interface ProviderDates {
  /** Lead of the clock in the latest answer over ours, in milliseconds; nothing before there was one. */
  latest(): { readonly aheadMs?: number };
  stop(): void;
}

/** The header has whole seconds: half of one is added. */
const halfASecondMs = 500;

export function listenForDates(clock: Clock): ProviderDates {
  let aheadMs: number | undefined;
  const listen = (message: unknown) => {
    const { response } = message as { readonly response?: { readonly headers?: readonly Uint8Array[] } };
    const texts = (response?.headers ?? []).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const at = texts.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'date');
    const dateMs = at === -1 ? Number.NaN : Date.parse(texts[at + 1] ?? '');
    if (!Number.isNaN(dateMs)) aheadMs = dateMs + halfASecondMs - clock.now();
  };
  subscribe(channel, listen);
  return {
    latest: () => (aheadMs === undefined ? {} : { aheadMs }),
    stop: () => unsubscribe(channel, listen),
  };
}
