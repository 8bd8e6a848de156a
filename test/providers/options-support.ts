// Each adapter, created with options of the test.
import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { phoenix } from 'payout-guard/providers/phoenix';
import { phoenixCredentials } from '../support/phoenix.js';

export const secret = 's3cr3t';

export const schema: { parse(body: unknown): unknown } = { parse: (body: unknown) => body };

export const select = (): { available: string; currency: string } => ({ available: '1.00', currency: 'KES' });

export const app: { appKey: string; appSecret: string } = { appKey: 'key', appSecret: secret };

/** Creates each adapter for a URL. */
export const makers: [string, (url: string, more?: object) => unknown][] = [
  ['jpay', (baseUrl, more) => jpay({ baseUrl, ...app, ...more })],
  ['interswitch', (baseUrl, more) => interswitch({ baseUrl, ...more })],
  ['phoenix', (baseUrl, more) => phoenix({ baseUrl, ...phoenixCredentials, ...more })],
  ['httpProvider', (url, more) => httpProvider({ name: 'shop', url, schema, select, ...more })],
];

export function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
    return (error as ConfigurationError).problems;
  }
  return [];
}
