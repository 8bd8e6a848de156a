// Two guards and one guard with two wallets in three processes on one store: KES at JPay, UGX at Interswitch.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { budget } from '../support/budget.js';
import { hasInitdb } from '../support/postgres.js';
import { hasRedis } from '../support/redis.js';
import { perService, runStory, type Story } from './two-wallets-story.js';
import '../support/proof-only.js';

// The test's own store emits the same warnings as the services' stores.
beforeAll(() => void jest.spyOn(process, 'emitWarning').mockImplementation(() => {}));
afterAll(() => void jest.restoreAllMocks());

const last = perService - 1;
const upTo = (name: string, count: number) => Array.from({ length: count }, (_, number) => `${name}-${number}`);
/** The payouts of each wallet that were made, that failed, and that the crash left open. */
const kes = {
  made: [
    ...upTo('kes-a', last),
    ...upTo('kes-c', last),
    'kes-unfrozen-5',
    'kes-crash-1',
    'kes-crash-2',
    'kes-crash-3',
  ].sort(),
  failed: [`kes-a-fails-${last}`, `kes-c-fails-${last}`],
  open: ['kes-crash-fails-4', 'kes-crash-unsent-5'],
};
const ugx = {
  made: [
    ...upTo('ugx-b', last),
    ...upTo('ugx-c', last),
    'ugx-large-1',
    'ugx-frozen-2',
    'ugx-frozen-3',
    'ugx-crash-1',
    'ugx-crash-2',
    'ugx-crash-3',
  ].sort(),
  failed: [`ugx-b-fails-${last}`, `ugx-c-fails-${last}`],
  open: ['ugx-crash-fails-4', 'ugx-crash-unsent-5'],
};

/** The printed amount of the payout of this reference: `1500.00 KES`, `150000 UGX`. */
function money(reference: string): string {
  const number = Number(reference.slice(reference.lastIndexOf('-') + 1));
  return reference.startsWith('kes') ? `${1_500 + number}.00 KES` : `${150_000 + number} UGX`;
}

for (const [engine, isHere] of [
  ['redis', hasRedis],
  ['postgres', hasInitdb && budget === 'large'],
] as const) {
  (isHere ? describe : describe.skip)(`services with one wallet and with two on one store in ${engine}`, () => {
    let story: Story;
    beforeAll(async () => {
      story = await runStory(engine);
    });

    const changes = (what: string) =>
      Object.entries(story.printed).flatMap(([service, lines]) =>
        lines.filter((line) => line.startsWith(`${what} `)).map((line) => ({ service, line, reference: wordOf(line) })),
      );
    const held = (state: string) =>
      [...story.holds.values()].filter((hold) => hold.state === state).map(({ reference }) => reference);

    it('look up no payout of the other wallet', () => {
      const { 'jpay-kes': atKes, 'isw-ugx': atUgx } = story.lookedUp;
      expect([...new Set(atKes)].sort()).toEqual([...kes.made, ...kes.failed, ...kes.open].sort());
      expect([...new Set(atUgx)].sort()).toEqual([...ugx.made, ...ugx.failed, ...ugx.open].sort());
    });

    it('settle every payout once, and none of the other wallet', () => {
      expect(
        changes('captured')
          .map(({ reference }) => reference)
          .sort(),
      ).toEqual([...kes.made, ...ugx.made].sort());
      expect(
        changes('released')
          .map(({ reference }) => reference)
          .sort(),
      ).toEqual([...kes.failed, ...ugx.failed].sort());
      const foreign = [...changes('captured'), ...changes('released')].filter(
        ({ service, reference }) => service !== 'both' && !reference.startsWith(service),
      );
      expect(foreign).toEqual([]);
    });

    it('leave the store and the providers with the same payouts', () => {
      expect(held('captured').sort()).toEqual([...kes.made, ...ugx.made].sort());
      expect(held('released').sort()).toEqual([...kes.failed, ...ugx.failed].sort());
      expect(held('sent').sort()).toEqual([...kes.open, ...ugx.open].sort());
      expect(held('reserved')).toEqual([]);
      const booked = ({ made, failed, open: [crashed = ''] }: typeof kes) =>
        [
          ...made.map((reference) => `${reference} ${amountText(reference)} completed`),
          ...[...failed, crashed].map((reference) => `${reference} ${amountText(reference)} failed`),
        ].sort();
      expect([...story.books['jpay-kes']].sort()).toEqual(booked(kes));
      expect([...story.books['isw-ugx']].sort()).toEqual(booked(ugx));
    });

    it('print every amount in its own currency', () => {
      const lines = Object.values(story.printed).flat();
      expect(lines).toContain('held kes-a-0 1500.00 KES');
      expect(lines).toContain('held ugx-b-0 150000 UGX');
      expect(lines.filter((line) => !line.includes(` ${wordOf(line)} ${money(wordOf(line))}`))).toEqual([]);
    });

    it('list the holds of their own wallets only', () => {
      const listed = ({ made, failed, open }: typeof kes) =>
        [
          ...made.map((reference) => `${reference} ${money(reference)} captured`),
          ...failed.map((reference) => `${reference} ${money(reference)} released`),
          ...open.map((reference) => `${reference} ${money(reference)} sent`),
        ].sort();
      expect([...story.listed.kes].sort()).toEqual(listed(kes));
      expect([...story.listed.ugx].sort()).toEqual(listed(ugx));
    });

    it('answer a webhook of the other wallet with a retryable refusal', () => {
      const calls = ['reconcile', 'capture', 'release', 'getHold'];
      const foreign = [
        ...['ugx-b-0', 'ugx-c-0'].flatMap((reference) => calls.map((call) => `kes: ${call} ${reference}`)),
        ...['kes-a-0', 'kes-c-0'].flatMap((reference) => calls.map((call) => `ugx: ${call} ${reference}`)),
      ];
      expect(foreign.map((call) => story.refusals[call])).toEqual(foreign.map(() => 'foreign_wallet'));
    });

    it('spend and freeze one wallet without the other', () => {
      expect(story.refusals).toMatchObject({
        'kes: pay more than the wallet has': 'insufficient_funds',
        'both: pay as much from the other wallet': undefined,
        'both: pay from the frozen wallet': 'wallet_frozen',
        'both: pay from the other wallet': undefined,
        'ugx: pay while the other wallet is frozen': undefined,
        'kes: freeze the wallet of the other service': 'configuration',
        'ugx: unfreeze the wallet of the other service': 'configuration',
        'both: pay from the wallet that is still frozen': 'wallet_frozen',
        'kes: pay after the wallet was unfrozen': undefined,
      });
    });

    it('keep their totals apart', () => {
      const { 'jpay-kes': ofKes, 'isw-ugx': ofUgx } = story.totals;
      expect([ofKes.captured, ofKes.active]).toEqual([27_053_00n, 3_009_00n]);
      // Captures count as active until the balance shows them, which JPay documents and Interswitch does not.
      expect(ofUgx.captured + ofUgx.active).toBe(3_000_054n + 300_009n);
      expect(story.funds[0]).toBe('72947.00 available, 3009.00 held, 69938.00 spendable KES');
      expect(story.funds[1]).toMatch(/^6999946 available, \d+ held, \d+ spendable UGX$/);
    });

    it('refuse a service with another account under the same key at its first use', () => {
      const calls = ['pay', 'funds', 'list', 'freeze'].concat(
        ['reconcile', 'capture', 'release', 'getHold'].map((call) => `${call} a payout under way`),
      );
      expect(calls.map((call) => story.refusals[`wrong: ${call}`])).toEqual(calls.map(() => 'configuration'));
      expect(story.printed.wrong).toEqual([]);
      expect(story.wrongRequests).toBe(0);
    });

    it('end without a signal when they are closed', () => {
      expect(story.ends).toEqual([]);
    });
  });
}

/** The reference in a printed line. */
function wordOf(line: string): string {
  return line.split(' ')[1] ?? '';
}

function amountText(reference: string): string {
  return money(reference).split(' ')[0] ?? '';
}
