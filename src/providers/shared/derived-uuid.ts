// UUIDs for providers that take nothing else as the id of a payout.
import { createHash } from 'node:crypto';

const version4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Returns the UUID of a reference: itself if it is a lower-case UUID version 4, otherwise one made of its SHA-256. The
 * domain keeps providers apart. The same reference has the same UUID in every process and release, so a payout can be
 * looked up without anything stored.
 */
export function derivedUuid(domain: string, reference: string): string {
  if (version4.test(reference)) return reference;
  const bytes = createHash('sha256').update(`payout-guard:${domain}:${reference}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
