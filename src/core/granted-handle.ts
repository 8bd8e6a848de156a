// The handle of a hold that was just granted.
import type { Events } from './events.js';
import { type HandleOrigin, type HandleParts, HoldHandle } from './hold-handle.js';
import { holdInfo } from './hold-info.js';
import type { Reservations } from './reservations.js';

export interface GrantParts extends HandleParts {
  readonly events: Events;
  readonly reservations: Reservations;
}

/** Reports the hold, watches its expiry, and returns its handle. */
export function grantedHandle(
  parts: GrantParts,
  granted: Pick<HandleOrigin, 'wallet' | 'hold' | 'decision'>,
): HoldHandle {
  const { hold } = granted;
  parts.events.emit('held', () => ({ hold: holdInfo(hold) }));
  const handle = new HoldHandle(parts, { ...granted, readAtMs: hold.createdAtMs });
  handle.onceNotReserved(parts.reservations.watch(handle));
  return handle;
}
