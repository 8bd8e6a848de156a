// The ids of transfers at MTN MoMo: UUIDs of version 4.
import { derivedUuid } from '../shared/derived-uuid.js';

/**
 * Returns the `X-Reference-Id` for a reference, always the same one. Send the transfer with it, so that it can be
 * looked up by the reference of its hold.
 */
export function mtnMomoReferenceId(reference: string): string {
  return derivedUuid('mtn-momo', reference);
}
