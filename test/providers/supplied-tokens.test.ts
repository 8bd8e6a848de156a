// Access tokens of JPay that the application keeps itself.
import { afterEach, describe, expect, it } from '@jest/globals';
import { type JpayOptions, jpay } from 'payout-guard/providers/jpay';
import type { JpaySimulator } from 'payout-guard/testing';
import { closeAll, failureOf, guardOf, machineClock, quick, startJpay } from './support.js';

afterEach(closeAll);

async function merchant(accessToken: (simulator: JpaySimulator) => Extract<JpayOptions['accessToken'], unknown>) {
  const simulator = await startJpay();
  const provider = jpay({ baseUrl: simulator.url, accessToken: accessToken(simulator) as string, ...quick });
  return { ...guardOf(provider), simulator };
}

describe('a token that the application keeps', () => {
  it('is used as it is, and refused without a second try when it is a fixed text', async () => {
    const { simulator, checkFunds } = await merchant((jpaySimulator) => jpaySimulator.accessToken());
    expect((await checkFunds('12000.00')).sufficient).toBe(true);
    simulator.expireAccessTokens();
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'unauthorized' });
    expect(simulator.count()).toBe(2);
  });

  it.each(['function', 'async function'])(
    'comes from a %s for each request, and once more after a 401',
    async (kind) => {
      let calls = 0;
      let token: string | undefined;
      const { simulator, checkFunds } = await merchant((jpaySimulator) => {
        const current = () => {
          calls += 1;
          return token ?? jpaySimulator.accessToken();
        };
        return kind === 'function' ? current : async () => current();
      });
      await checkFunds('1.00');
      await checkFunds('1.00');
      expect(calls).toBe(2);
      simulator.expireAccessTokens();
      token = 'old';
      expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'unauthorized' });
      expect([calls, simulator.count()]).toEqual([4, 4]);
      token = undefined;
      expect((await checkFunds('12000.00')).sufficient).toBe(true);
    },
  );

  it.each<[string, unknown]>([
    ['has a line break', 'token\nx-injected: 1'],
    ['has a space', 'Bearer token'],
    ['ends with a line break', 'token\n'],
    ['has quotation marks of another script', '“token”'],
    ['is empty', ''],
    ['is undefined', undefined],
    ['is null', null],
    ['is a number', 5],
    ['is an object', { token: 'token' }],
  ])('is not sent when it %s', async (_, token) => {
    const { simulator, checkFunds } = await merchant(() => async () => token as string);
    const error = await failureOf(checkFunds('1.00'));
    expect(error).toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('not a token') });
    expect(simulator.count()).toBe(0);
  });

  it('is unauthorized when the function throws or rejects, and never asked for again at once', async () => {
    for (const thrown of [new Error('vault at 10.0.0.1: s3cr3t'), 's3cr3t', null, undefined]) {
      let calls = 0;
      const { simulator, checkFunds } = await merchant(() => () => {
        calls += 1;
        throw thrown;
      });
      const error = await failureOf(checkFunds('1.00'));
      expect(error).toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('accessToken() threw') });
      expect([calls, simulator.count()]).toEqual([1, 0]);
    }
  });

  it('is not waited for beyond the deadline', async () => {
    const simulator = await startJpay();
    const accessToken = () => new Promise<string>(() => {});
    const { checkFunds } = guardOf(jpay({ baseUrl: simulator.url, accessToken, timeoutMs: 60, clock: machineClock }));
    expect(await failureOf(checkFunds('1.00'))).toMatchObject({ reason: 'timeout' });
    expect(simulator.count()).toBe(0);
  });
});
