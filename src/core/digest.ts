// Texts that are compared and never kept.
import { createHash } from 'node:crypto';

/** The digest of a payee. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
