// The outcome of a JPay payout: only exact words about the exact reference count.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jpay } from 'payout-guard/providers/jpay';
import type { JpaySimulatorOptions } from 'payout-guard/testing';
import { closeAll, send, startServer } from '../providers/support.js';
import { initiate, lists, otherPath, start } from './jpay-lookup-support.js';
import { ask, once, wordOf } from './support.js';

afterEach(closeAll);

const listPath = '/payments/payouts/list';
const row = (status: unknown, changes: object = {}) => ({ id: 'P1', ref_no: 'ref-1', status, ...changes });
const list = (...results: unknown[]) => JSON.stringify({ count: results.length, next: null, previous: null, results });

describe('lookup', () => {
  it('reports every stage of a payout', async () => {
    for (const end of ['completed', 'failed'] as const) {
      const world = await start();
      expect(await ask(world.provider)).toEqual({ outcome: 'unknown', absent: true });
      await initiate(world);
      await initiate(world, 'ref-2');
      expect(await ask(world.provider)).toEqual({ outcome: 'pending' });
      world.simulator.advance('ref-1', 'processing');
      expect(await ask(world.provider)).toEqual({ outcome: 'pending' });
      world.simulator.advance('ref-1', end);
      expect(await ask(world.provider)).toEqual({ outcome: end });
      expect(await ask(world.provider, 'ref-2')).toEqual({ outcome: 'pending' });
      expect(await ask(world.provider, 'REF-1')).toEqual({ outcome: 'unknown', absent: true });
    }
  });

  it.each<JpaySimulatorOptions>([{ objects: 'old' }, { pendingAs: 0 }])(
    'reads payouts written as %j',
    async (options) => {
      const world = await start(options);
      await initiate(world);
      expect(await wordOf(world.provider)).toBe('pending');
      world.simulator.advance('ref-1', 'completed');
      expect(await wordOf(world.provider)).toBe('completed');
    },
  );

  it('asks with the reference, escaped, and the token; the second list only when the first does not help', async () => {
    const world = await start();
    const reference = 'a&ref_no=b#c/é%41+d';
    await initiate(world, reference);
    world.simulator.advance(reference, 'completed');
    expect(await wordOf(world.provider, reference)).toBe('completed');
    expect([world.simulator.count(listPath), world.simulator.count(otherPath)]).toEqual([1, 0]);
    expect(await wordOf(world.provider, 'b')).toBe('unknown');
    expect([world.simulator.count(listPath), world.simulator.count(otherPath)]).toEqual([2, 1]);

    const { provider, server } = await lists(list(row('failed')));
    await ask(provider);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /payments/payouts/list?ref_no=ref-1&page_size=100',
    ]);
  });

  it.each([400, 404])('uses the second list when the first answers %i', async (status) => {
    const world = await start();
    await initiate(world);
    world.simulator.advance('ref-1', 'failed');
    world.simulator.fault({ kind: 'status', status, body: '{"detail":"Not found."}' }, { path: listPath });
    expect(await wordOf(world.provider)).toBe('failed');
    world.simulator.fault({ kind: 'status', status }, { path: otherPath });
    expect(await wordOf(world.provider)).toBe('unknown');
  });

  it('uses the second list when the first has no exact hit', async () => {
    const { provider } = await lists(list(row('failed', { ref_no: 'ref-10' })), list(row('completed')));
    expect(await wordOf(provider)).toBe('completed');
  });

  it('does not ask about a reference that JPay cannot have taken', async () => {
    const world = await start();
    expect(await wordOf(world.provider, 'x'.repeat(51))).toBe('unknown');
    expect(world.simulator.count()).toBe(0);
    await initiate(world, 'x'.repeat(50));
    world.simulator.advance('x'.repeat(50), 'completed');
    expect(await wordOf(world.provider, 'x'.repeat(50))).toBe('completed');
  });

  it('reports no debit: the amount of a payout does not include fees', async () => {
    const world = await start({ fee: '5.00' });
    await initiate(world);
    world.simulator.advance('ref-1', 'completed');
    expect(await ask(world.provider)).toEqual({ outcome: 'completed' });
  });
});

describe('a status', () => {
  // statusMapping of the vectors, and similar values.
  it.each<[unknown, string]>([
    ['pending', 'pending'],
    ['processing', 'pending'],
    [0, 'pending'],
    ['completed', 'completed'],
    ['failed', 'failed'],
    [1, 'unknown'],
    [2, 'unknown'],
    [-1, 'unknown'],
    [0.5, 'unknown'],
    ['reversed', 'unknown'],
    ['0', 'unknown'],
    ['', 'unknown'],
    ['Completed', 'unknown'],
    ['FAILED', 'unknown'],
    ['failed ', 'unknown'],
    ['completed\n', 'unknown'],
    ['success', 'unknown'],
    ['constructor', 'unknown'],
    [null, 'unknown'],
    [undefined, 'unknown'],
    [true, 'unknown'],
    [false, 'unknown'],
    [['completed'], 'unknown'],
    [{ status: 'failed' }, 'unknown'],
    [{ value: '0', isLosslessNumber: true }, 'unknown'],
  ])('of %j means %s', async (status, outcome) => {
    const { provider } = await lists(list(row(status)));
    expect(await wordOf(provider)).toBe(outcome);
  });

  it.each(['0.0', '0e0', '-0', '0.00'])('of the number %s is not the documented 0', async (number) => {
    const { provider } = await lists(list(row('?')).replace('"?"', number));
    expect(await wordOf(provider)).toBe('unknown');
  });

  it('is final when it is exactly completed or failed, and never otherwise', async () => {
    let answer = '';
    const server = await startServer((response) => send(response, answer));
    const provider = jpay({ baseUrl: server.url, accessToken: 'token', ...once });
    const statuses = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('completed', 'failed'),
      fc.mixedCase(fc.constantFrom('completed', 'failed', 'pending', 'processing')),
      fc.tuple(fc.constantFrom('completed', 'failed'), fc.string()).map(([word, more]) => word + more),
      fc.integer(),
    );
    await fc.assert(
      fc.asyncProperty(statuses, async (status) => {
        answer = list(row(status));
        const word = await wordOf(provider);
        const isFinal = word === 'completed' || word === 'failed';
        expect([isFinal, isFinal ? word : status]).toEqual([status === 'completed' || status === 'failed', status]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('S3. a list', () => {
  const other = { id: 'P2' };

  it.each<[string, unknown[], string]>([
    ['two completed payouts', [row('completed'), row('completed', other)], 'completed'],
    ['two failed payouts', [row('failed'), row('failed', other)], 'failed'],
    ['one failed and one completed', [row('failed'), row('completed', other)], 'completed'],
    ['one completed and one failed', [row('completed'), row('failed', other)], 'completed'],
    ['one failed and one pending', [row('failed'), row('pending', other)], 'pending'],
    ['one pending and one failed', [row('pending'), row('failed', other)], 'pending'],
    ['one failed and one odd', [row('failed'), row('reversed', other)], 'pending'],
    ['one payout twice with two statuses', [row('failed'), row('processing')], 'pending'],
    ['two pending payouts', [row('pending'), row('pending', other)], 'pending'],
    ['two odd payouts', [row('reversed'), row(7, other)], 'unknown'],
    ['one odd and one pending', [row('reversed'), row(0, other)], 'pending'],
    ['two completed and one failed', [row('completed'), row('completed', other), row('failed')], 'completed'],
    ['three failed', [row('failed'), row('failed', other), row('failed', { id: 'P3' })], 'failed'],
    ['one odd and one completed', [row('reversed'), row('completed', other)], 'completed'],
    [
      'ours among others',
      [row('failed', { ref_no: 'ref-2' }), row('completed'), row('failed', { ref_no: '' })],
      'completed',
    ],
    ['a longer ref_no', [row('failed', { ref_no: 'ref-11' })], 'unknown'],
    ['a shorter ref_no', [row('failed', { ref_no: 'ref-' })], 'unknown'],
    ['another case', [row('failed', { ref_no: 'Ref-1' })], 'unknown'],
    ['blanks around it', [row('failed', { ref_no: ' ref-1' }), row('failed', { ref_no: 'ref-1 ' })], 'unknown'],
    ['a ref_no in a list', [row('failed', { ref_no: ['ref-1'] })], 'unknown'],
    ['no ref_no', [{ id: 'ref-1', status: 'failed' }], 'unknown'],
    ['nothing', [], 'unknown'],
    ['empty objects', [{}, {}], 'unknown'],
  ])('of %s', async (_, rows, outcome) => {
    const { provider } = await lists(list(...rows));
    expect(await wordOf(provider)).toBe(outcome);
    expect(await wordOf((await lists(JSON.stringify(rows))).provider)).toBe(outcome);
  });

  it('does not take a number for a reference', async () => {
    const { provider } = await lists(list(row('failed', { ref_no: 1 })));
    expect(await wordOf(provider, '1')).toBe('unknown');
  });

  it('does not take a payout for ours by its prototype', async () => {
    const { provider } = await lists('{"results":[{"__proto__":{"ref_no":"ref-1","status":"failed"}}]}');
    expect(await wordOf(provider)).toBe('unknown');
  });

  it.each(['"http://127.0.0.1/?page=2"', '""', 'false', '0', '{}'])(
    'with the next page %s is not whole: only a payout that was made is certain',
    async (next) => {
      for (const [statuses, outcome] of [
        [['failed'], 'unknown'],
        [['failed', 'failed'], 'unknown'],
        [['pending'], 'unknown'],
        [['completed'], 'completed'],
        [['failed', 'completed'], 'completed'],
      ] as const) {
        const rows = statuses.map((status, index) => row(status, { id: `P${index}` }));
        const { provider } = await lists(list(...rows).replace('"next":null', `"next":${next}`));
        expect([statuses, await wordOf(provider)]).toEqual([statuses, outcome]);
      }
    },
  );

  it('of the simulator that has two payouts with our reference', async () => {
    const world = await start({ duplicateRefNo: 'create_second' });
    await initiate(world);
    await initiate(world);
    expect(await wordOf(world.provider)).toBe('pending');
    world.simulator.advance('PAYOUT-SIM-1', 'failed');
    expect(await wordOf(world.provider)).toBe('pending');
    world.simulator.advance('PAYOUT-SIM-2', 'failed');
    expect(await wordOf(world.provider)).toBe('failed');
    await initiate(world);
    world.simulator.advance('PAYOUT-SIM-3', 'completed');
    expect(await wordOf(world.provider)).toBe('completed');
  });

  it.each([
    '',
    'null',
    '"completed"',
    '{}',
    '{"results":null}',
    '{"results":{"ref_no":"ref-1","status":"failed"}}',
    '{"ref_no":"ref-1","status":"failed"}',
    '{"items":[{"ref_no":"ref-1","status":"failed"}]}',
    '{"results":["ref-1"]}',
    '{"results":[null]}',
    '{"results":[{"ref_no":"ref-1","status":"failed","status":"completed"}]}',
    '{"results":[{"ref_no":"ref-1","status":"failed"}]',
    '<html><body>ref-1: failed</body></html>',
    'failed',
  ])('is not %s', async (body) => {
    const { provider, server } = await lists(body);
    expect(await wordOf(provider)).toBe('malformed');
    expect(server.requests).toHaveLength(1);
  });
});
