// The credentials of Phoenix appear nowhere but on the wire. The search covers the bytes themselves.
import { createHash, createPrivateKey } from 'node:crypto';
import { format, inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { phoenix, phoenixTerminal } from 'payout-guard/providers/phoenix';
import pino from 'pino';
import { exchangedKeys, phoenixCredentials } from '../support/phoenix.js';
import { everySight, isSeen } from '../support/secret-scan.js';
import { closeAll, failureOf, guardOf, quick, send, startPhoenix, startServer } from './support.js';

const { clientSecret, password, privateKey } = phoenixCredentials;
const token = 'TOKEN7Q2VX9SLPZK4TR8WN1C';
const hash = createHash('sha512').update(password).digest();
const jwk = createPrivateKey(privateKey).export({ format: 'jwk' });

/** The secrets: those known in advance, and those recorded on the wire. */
const secrets: (string | Buffer)[] = [
  clientSecret,
  password,
  token,
  hash,
  hash.toString('base64'),
  privateKey.slice(200, 260),
  ...[jwk.d, jwk.p, jwk.q].map((part) => Buffer.from(part ?? '', 'base64url').subarray(0, 32)),
];

/** All output, logs and warnings since the last check. */
let written = '';
const note = (...values: unknown[]) => {
  written += values.map((value) => everySight(value)).join('\n');
};
const streams = [process.stdout, process.stderr] as const;
const originals = streams.map((stream) => stream.write);
const logged = { ...console };

beforeAll(() => {
  process.on('warning', note);
  Object.assign(console, { log: note, info: note, warn: note, error: note, debug: note });
  for (const stream of streams) stream.write = (chunk: string | Uint8Array) => note(String(chunk)) === undefined;
});

afterAll(() => {
  process.off('warning', note);
  Object.assign(console, logged);
  for (const [index, stream] of streams.entries()) Object.assign(stream, { write: originals[index] });
});

function taken(): string {
  const text = written;
  written = '';
  return text;
}

afterEach(async () => {
  await closeAll();
  expectNoSecret(taken());
});

function expectNoSecret(...values: unknown[]): void {
  const sight = values.map((value) => everySight(value)).join('\n');
  expect(secrets.filter((secret) => isSeen(secret, sight)).map(String)).toEqual([]);
}

/** A Phoenix that repeats everything it received, with `answer` in it, and records it. */
async function gossip(
  path: string,
  status: number,
  how: 'body' | 'headers' | 'envelope' | 'code' | 'approval',
): Promise<string> {
  const { url } = await startServer((response, request) => {
    const { signature, authtoken } = request.headers;
    for (const seen of [signature, authtoken]) if (seen) secrets.push(String(seen));
    const keys = request.url?.endsWith('/client/doKeyExchange') ? exchangedKeys(request.text, token) : undefined;
    if (keys) secrets.push(keys.terminalKey, JSON.parse(request.text).password);
    if (keys && !request.url?.endsWith(path)) return send(response, keys.answer);
    const heard = `${JSON.stringify(request.headers)} ${request.text} ${clientSecret} ${password} ${token}`;
    if (how === 'headers') return send(response, '{', status, { 'x-heard': heard.replace(/[^ -~]/g, '') });
    if (how === 'body') return send(response, `<pre>${heard}</pre>`, status, { 'content-type': 'text/html' });
    const responseCode = { envelope: heard, code: token, approval: '90000' }[how];
    return send(response, JSON.stringify({ responseCode, responseMessage: heard, response: { heard } }), status);
  });
  return url;
}

describe('the search', () => {
  it.each([
    ['text', clientSecret],
    ['hex', hash.toString('hex')],
    ['a Buffer', inspect(hash)],
    ['numbers', JSON.stringify(hash)],
    ['base64 of something around it', Buffer.from(`xy${token}z`).toString('base64')],
    ['base64url', hash.toString('base64url')],
  ])('finds a secret as %s', (_, text) => {
    expect(() => expectNoSecret(new Error('x', { cause: { text } }))).toThrow();
  });

  it.each<[string, () => void]>([
    ['logged', () => console.log(new Error(token))],
    ['written', () => process.stderr.write(`x${token}`)],
  ])('finds what is %s', (_, tell) => {
    tell();
    expect(isSeen(token, taken())).toBe(true);
  });

  it('finds what is warned of', async () => {
    process.emitWarning(token);
    await new Promise(setImmediate);
    expect(isSeen(token, taken())).toBe(true);
  });
});

describe.each(['body', 'headers', 'envelope', 'code', 'approval'] as const)(
  'a Phoenix that repeats everything in its %s',
  (how) => {
    it.each([200, 302, 400, 401, 403, 429, 500])('with status %i is reported without its content', async (status) => {
      for (const path of ['/client/doKeyExchange', '']) {
        const baseUrl = await gossip(path, status, how);
        const terminal = phoenixTerminal({ baseUrl, ...phoenixCredentials, ...quick, maxAttempts: 1 });
        const { provider } = terminal;
        const guard = guardOf(provider);
        const { signal } = new AbortController();
        const failures = [
          await failureOf(guard.checkFunds('1')),
          await failureOf(provider.fetchBalance({ currency: 'UGX', signal })),
          await failureOf(
            provider.lookup?.({ reference: 'ref-1', currency: 'UGX', sentAtMs: 0, signal }) ?? Promise.resolve(),
          ).catch((error: Error) => error),
        ];
        expectNoSecret(...failures, provider, terminal, guard);
      }
    });
  },
);

describe('the parts', () => {
  it('of a signed call are shown only through their own properties', async () => {
    const simulator = await startPhoenix();
    const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials() });
    const payment = { requestReference: 'ref-1', amount: '1', customerId: '1', paymentCode: '12345' };
    const call = await terminal.sign({ method: 'POST', payment });
    secrets.push(String(call.headers.Signature), String(call.headers.AuthToken));
    const { headers, ...rest } = call;
    expectNoSecret(terminal, rest);
    // Each as a logger prints it, at the top and inside something else.
    const sights = [call, { ...call }, headers].flatMap((value) => [
      inspect(value, { depth: 9, showHidden: true }),
      inspect({ value }, { depth: 9, getters: true }),
      JSON.stringify({ value }),
      String(value),
      format('%s %o %O %j', value, value, value, value),
    ]);
    expectNoSecret(sights.join('\n'));
    pino({ base: null }, { write: note }).info({ call, copy: { ...call }, headers }, 'signed');
    expect(JSON.stringify(call)).toBe('{}');
    expect(inspect(call)).toBe('[secret]');
    expect(Object.keys(call.headers).sort()).toEqual(
      ['Authorization', 'AuthToken', 'Nonce', 'Signature', 'Timestamp', 'accept', 'content-type'].sort(),
    );
  });

  it('of the simulator are shown by credentials() only', async () => {
    const { appVersion: _, ...given } = phoenixCredentials;
    const simulator = await startPhoenix(given);
    await guardOf(phoenix({ baseUrl: simulator.url, ...phoenixCredentials })).checkFunds('1');
    expectNoSecret(simulator);
    expect(simulator.credentials()).toEqual(phoenixCredentials);
  });

  it('are not repeated by options that are refused', () => {
    const bad: object[] = [
      { baseUrl: `https://${password}:${clientSecret}@h`, ...phoenixCredentials },
      { ...phoenixCredentials, baseUrl: 'https://h', terminalId: `${clientSecret} ` },
      { ...phoenixCredentials, baseUrl: 'https://h', privateKey: `-----BEGIN ${privateKey}` },
      { ...phoenixCredentials, baseUrl: 'https://h', timestamp: password, balanceFields: [clientSecret] },
      { ...phoenixCredentials, baseUrl: 'https://h', timestamp: password },
    ];
    for (const options of bad) {
      let thrown: unknown;
      try {
        phoenix(options as Parameters<typeof phoenix>[0]);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'configuration' });
      expectNoSecret(thrown);
    }
  });
});
