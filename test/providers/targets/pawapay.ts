// pawaPay as a row of the provider contract.
import { generateKeyPairSync } from 'node:crypto';
import { pawapay, pawapayPayoutId } from 'payout-guard/providers/pawapay';
import type { ProviderTarget, ReportedPayout, WebhookDelivery } from 'payout-guard/testing';
import {
  callbackHeaders,
  signatureOf,
  signatureParameters,
  signedHeaders,
} from '../../../src/testing/pawapay/callback-signature.js';

const apiToken = 'pawapay-api-token-0123456789';
const callbackUrl = 'https://hooks.example.com/pawapay/payouts';
const nowMs = Date.parse('2026-11-26T08:00:00Z');

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [real, other] = [keyPair(), keyPair()];
const keyId = 'HTTP_EC_P256_KEY:1';
const keys = [
  // A list whose first key is not the one: the provider's own sample always takes the first.
  { id: 'HTTP_EC_P256_KEY:0', key: other.publicKey.export({ type: 'spki', format: 'pem' }) },
  { id: keyId, key: real.publicKey.export({ type: 'spki', format: 'pem' }) },
];

const row = (country: string, currency: string, balance: string, provider?: string) =>
  JSON.stringify({ country, currency, balance, provider });
const balances = (...rows: string[]) => `{"balances":[${rows.join(',')}]}`;
const foreign = [
  row('KEN', 'UGX', '1.00', ''),
  row('UGA', 'USD', '2.00', ''),
  row('UGA', 'UGX', '3.00', 'AIRTEL_OAPI_UGA'),
];

const found = ({ reference, status, amount, fee }: ReportedPayout, more = {}) => ({
  body: JSON.stringify({
    status: 'FOUND',
    data: { payoutId: pawapayPayoutId(reference), status, amount, currency: 'UGX', country: 'UGA', fee, ...more },
  }),
});

const reference = 'payout-1001-lagos-000001';
const completed = { reference, status: 'COMPLETED', amount: '375.00' };

const callback = (fields: Record<string, unknown>) =>
  Buffer.from(JSON.stringify({ status: 'COMPLETED', amount: '375.00', currency: 'UGX', ...fields }, null, 1));
const paid = callback({ payoutId: pawapayPayoutId(reference), clientReferenceId: reference });
const uuid = '3f1c2a52-6a0e-4c0b-9d3e-5f9a1b2c3d4e';
const [byUuid, foreignId, deposit] = [
  callback({ payoutId: uuid, clientReferenceId: null }),
  callback({ payoutId: uuid, clientReferenceId: reference }),
  callback({ depositId: uuid }),
];

const signed = (body: Uint8Array, to = callbackUrl, atMs = nowMs, privateKey = real.privateKey) =>
  signedHeaders({ privateKey, keyId }, { url: new URL(to), body, nowMs: atMs });
const parameters = signatureParameters(keyId, nowMs);

/** Signs other parts of the same request, or with other parameters. */
function otherwise(change: { without?: string; parameters?: string; [header: `content-${string}`]: string }) {
  const { without, parameters: given = parameters, ...replaced } = change;
  const headers = { ...callbackHeaders({ url: new URL(callbackUrl), body: paid, nowMs }), ...replaced };
  const parts: Record<string, string> = {
    '@method': 'POST',
    '@authority': 'hooks.example.com',
    '@path': '/pawapay/payouts',
    ...headers,
  };
  if (without !== undefined) delete parts[without];
  return { ...headers, ...signatureOf(real.privateKey, parts, given) };
}

const delivered = (name: string, headers: WebhookDelivery['headers'], rawBody = paid) => ({ name, rawBody, headers });

const target: Omit<ProviderTarget, 'name' | 'open' | 'balance'> = {
  currency: 'UGX',
  secrets: [apiToken],
  before: ({ path }) => (path === '/v2/public-key/http' ? { body: JSON.stringify(keys) } : undefined),
  lookup: {
    answer: (payout) => found(payout),
    statuses: {
      completed: ['COMPLETED'],
      pending: ['ACCEPTED', 'ENQUEUED', 'PROCESSING', 'IN_RECONCILIATION'],
      failed: ['FAILED'],
    },
    notFound: { body: '{"status":"NOT_FOUND"}' },
    refused: [
      { name: 'a payout to another country', ...found(completed, { country: 'KEN' }) },
      { name: 'a payout in another currency', ...found(completed, { currency: 'USD' }) },
      { name: 'a payout without an id', ...found(completed, { payoutId: undefined }) },
      { name: 'a callback instead of an answer', body: JSON.stringify({ payoutId: uuid, status: 'COMPLETED' }) },
      { name: 'a new envelope', body: JSON.stringify({ status: 'MOVED', data: { status: 'FAILED' } }) },
    ],
  },
  result: {
    answer: ({ reference: sent, status }) => ({
      payoutId: pawapayPayoutId(sent),
      status,
      ...(status === 'REJECTED'
        ? { failureReason: { failureCode: 'PAWAPAY_WALLET_OUT_OF_FUNDS', failureMessage: 'Not enough' } }
        : { created: '2026-11-26T08:00:00Z' }),
    }),
    statuses: { pending: ['ACCEPTED'], failed: ['REJECTED'], unknown: ['DUPLICATE_IGNORED'] },
  },
  webhook: {
    valid: [
      { ...delivered('of a payout', signed(paid)), reference },
      { ...delivered('of a payout whose reference is a UUID', signed(byUuid), byUuid), reference: uuid },
      { ...delivered('of a payout with another id', signed(foreignId), foreignId), reference: uuid },
      { ...delivered('of a deposit', signed(deposit), deposit), reference: undefined },
    ],
    invalid: [
      delivered('signed with another key', signed(paid, callbackUrl, nowMs, other.privateKey)),
      delivered('signed for another path', signed(paid, 'https://hooks.example.com/other')),
      delivered('signed for another host', signed(paid, 'https://hooks.example.org/pawapay/payouts')),
      delivered('signed more than a minute ago', signed(paid, callbackUrl, nowMs - 61_000)),
      delivered('signed with a key that is not listed', otherwise({ parameters: parameters.replace(':1', ':9') })),
      delivered('without an end', otherwise({ parameters: parameters.replace(/;expires=\d+/, '') })),
      delivered('without a key', otherwise({ parameters: parameters.replace(/;keyid="[^"]+"/, '') })),
      delivered('by another algorithm', otherwise({ parameters: parameters.replace('sha256', 'sha384') })),
      delivered('signed without its body', otherwise({ without: 'content-digest' })),
      delivered('signed without its path', otherwise({ without: '@path' })),
      delivered('signed without its method', otherwise({ without: '@method' })),
      delivered(
        'with a digest that is not supported',
        otherwise({ 'content-digest': 'md5=:1B2M2Y8AsgTpgAmY7PhCfg==:' }),
      ),
      delivered('under another label', {
        ...signed(paid),
        signature: `${signed(paid).signature}`.replace('-pp', '-qq'),
      }),
      delivered('with an HMAC that pawaPay never sends', { 'x-pawapay-signature': 'ff994f5ca7224649' }),
    ],
    signedBy: ['signature', 'signature-input', 'signature-date', 'content-digest', 'content-type'],
  },
};

const now = { now: () => nowMs, elapsed: () => performance.now() };
const open =
  (provider?: string): ProviderTarget['open'] =>
  (baseUrl, network) =>
    pawapay({ apiToken, country: 'UGA', provider, callbackUrl, baseUrl, clock: now, ...network });

const rejection = '{"failureReason":{"failureCode":"AUTHENTICATION_ERROR","failureMessage":"..."}}';

export const pawapayTarget: ProviderTarget = {
  ...target,
  name: 'pawapay',
  open: open(),
  balance: {
    answer: (available) => ({ body: balances(...foreign, row('UGA', 'UGX', available, '')) }),
    otherFigures: ['balances.0.balance', 'balances.1.balance', 'balances.2.balance'],
    refused: [
      { name: 'wallets of others alone', body: balances(...foreign) },
      { name: 'no wallet', body: balances() },
      { name: 'two wallets of the country', body: balances(row('UGA', 'UGX', '5', ''), row('UGA', 'UGX', '6')) },
      { name: 'a number for a balance', body: '{"balances":[{"country":"UGA","currency":"UGX","balance":5}]}' },
      {
        name: 'an amount instead of a balance',
        body: '{"balances":[{"country":"UGA","currency":"UGX","amount":"5"}]}',
      },
      { name: 'a row alone', body: row('UGA', 'UGX', '5', '') },
      { name: 'a refused token', status: 403, body: rejection, reason: 'forbidden' },
    ],
  },
};

export const pawapayOperatorTarget: ProviderTarget = {
  ...target,
  name: 'pawapay, wallet of an operator',
  open: open('MTN_MOMO_UGA'),
  balance: {
    answer: (available) => ({
      body: balances(...foreign, row('UGA', 'UGX', '4.00', ''), row('UGA', 'UGX', available, 'MTN_MOMO_UGA')),
    }),
    otherFigures: ['balances.2.balance', 'balances.3.balance'],
    refused: [{ name: 'the wallet of the country alone', body: balances(row('UGA', 'UGX', '5', '')) }],
  },
};
