// The page of each provider: one table for all, and true to the adapter.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import { flutterwave } from 'payout-guard/providers/flutterwave';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { monnify } from 'payout-guard/providers/monnify';
import { mtnMomo } from 'payout-guard/providers/mtn-momo';
import { pawapay } from 'payout-guard/providers/pawapay';
import { paystack } from 'payout-guard/providers/paystack';
import { stripe } from 'payout-guard/providers/stripe';
import { wise } from 'payout-guard/providers/wise';

const adapters: Readonly<Record<string, BalanceProvider>> = {
  jpay: jpay({ baseUrl: 'https://api.jpay.africa/api/v1', appKey: 'key', appSecret: 'secret' }),
  interswitch: interswitch({ baseUrl: 'https://payments.example.com' }),
  paystack: paystack({ secretKey: 'sk_live_1' }),
  flutterwave: flutterwave({ secretKey: 'FLWSECK-1', webhookSecret: 'hash' }),
  monnify: monnify({ apiKey: 'MK_PROD_1', secretKey: 'secret', accountNumber: '8000000001' }),
  pawapay: pawapay({ apiToken: 'token', country: 'UGA', callbackUrl: 'https://example.com/callbacks' }),
  'mtn-momo': mtnMomo({
    subscriptionKey: 'key',
    apiUser: '6b0a4a0e-0000-4000-8000-000000000001',
    apiKey: 'key',
    targetEnvironment: 'mtnuganda',
  }),
  stripe: stripe({ secretKey: 'sk_live_1', webhookSecret: 'whsec_1' }),
  wise: wise({ apiToken: 'token', profileId: 1 }),
};

const rows = [
  'reads',
  'never reads',
  'unit',
  'one instance',
  'debit shows',
  'reference to send',
  'look-up',
  'debit of a payout',
  'webhook',
  'verdict of an answer',
  'test mode',
];

describe('the pages of providers', () => {
  it('are those of the adapters', () => {
    const pages = readdirSync('docs/providers').map((file) => file.replace('.md', ''));
    expect(pages.toSorted()).toEqual(Object.keys(adapters).toSorted());
  });

  it.each(Object.entries(adapters))('%s has every row, its traps, and what is unknown', (name, adapter) => {
    const page = readFileSync(`docs/providers/${name}.md`, 'utf8');
    const table = new Map(
      [...page.matchAll(/^\| ([^|]+) \| (.+) \|$/gm)].map(([, row = '', cell = '']) => [row, cell]),
    );
    table.delete('');
    expect([...table.keys()]).toEqual(rows);
    expect(page.match(/^## .*/gm)).toEqual(['## Traps', '## Unknown']);

    const {
      debitVisibleAt,
      visibleAfterMs = 10_000,
      maxReferenceLength,
      referenceForm,
      lookup,
      verdictOfResult,
    } = adapter;
    expect(table.get('debit shows')).toContain(`\`${debitVisibleAt}\``);
    expect(table.get('debit shows')).toContain(`${visibleAfterMs / 1_000} s more`);
    if (referenceForm) expect(table.get('reference to send')?.replaceAll('`', '')).toContain(referenceForm.words);
    if (maxReferenceLength)
      expect(table.get('reference to send')).toContain(`at most ${maxReferenceLength} characters`);
    expect(lookup).toBeDefined();
    expect(table.get('verdict of an answer')?.startsWith('none')).toBe(verdictOfResult === undefined);
    expect(table.get('webhook')?.startsWith('none')).toBe(adapter.webhook === undefined);
  });
});
