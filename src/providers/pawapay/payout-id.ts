// The ids of payouts at pawaPay: UUIDs of version 4.
import { derivedUuid } from '../shared/derived-uuid.js';

/**
 * Returns the `payoutId` for a reference, always the same one. Initiate the payout with it, so that it can be looked up
 * by the reference of its hold.
 */
export function pawapayPayoutId(reference: string): string {
  return derivedUuid('pawapay', reference);
}
