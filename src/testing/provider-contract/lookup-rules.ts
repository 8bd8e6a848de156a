// Rules 10 to 14: the outcome of a payout.
import assert from 'node:assert/strict';
import { assertAmount, assertNoSecret, type Rule, rejection, sentAtMs } from './probe.js';
import type { ProviderTarget } from './target.js';

/** 24 lower-case letters, digits and `-`: every provider takes it. */
const reference = 'payout-1001-lagos-000001';
const other = 'payout-1001-lagos-000002';
const paid = { reference, amount: '375.00' };

type Lookup = NonNullable<ProviderTarget['lookup']>;

export function lookupRules(rule: Rule, { secrets, result }: ProviderTarget, lookup: Lookup): void {
  const { statuses } = lookup;
  const [completed = ''] = statuses.completed;

  for (const verdict of ['completed', 'pending', 'failed'] as const) {
    for (const status of statuses[verdict]) {
      rule(`10. reads the status ${status} as ${verdict}`, async (probe) => {
        probe.answer(lookup.answer({ ...paid, status }));
        assert.equal((await probe.lookup(reference)).outcome, verdict);
      });
    }
  }

  rule('10. reads a status that is not documented as unknown, never as failed', async (probe) => {
    const known = new Set(Object.values(statuses).flat());
    const close = [...known].flatMap((word) => [` ${word}`, `${word}_`, changedCase(word)]);
    for (const status of ['brand_new', '', ...close].filter((word) => !known.has(word))) {
      assert.equal(await probe.answer(lookup.answer({ ...paid, status })).outcome(reference), 'unknown', status);
    }
  });

  rule('11. reads the payout of another reference as unknown', async (probe) => {
    for (const [verdict, words] of Object.entries(statuses)) {
      const [status = ''] = words;
      probe.answer(lookup.answer({ ...paid, reference: other, status }));
      assert.equal(await probe.outcome(reference), 'unknown', verdict);
    }
  });

  rule('12. reads a payout that is not found as unknown, never as failed', async (probe) => {
    const answer = await probe.answer(lookup.notFound).lookup(reference);
    assert.equal(answer.outcome, 'unknown');
    assert.equal(answer.debited, undefined);
  });

  rule('12. takes no absence from the page of a gateway', async (probe) => {
    for (const body of ['', '<html>404 Not Found</html>', '{}']) {
      const answer = await probe
        .answer({ status: 404, body })
        .lookup(reference)
        .catch(() => ({ absent: undefined }));
      assert.notEqual(answer.absent, true, `absent after 404 ${body}`);
    }
  });

  rule('13. reports a debit only when its fee is known', async (probe) => {
    const { reportsDebit = false } = lookup;
    const debitWith = async (fee: string | undefined) =>
      (await probe.answer(lookup.answer({ ...paid, fee, status: completed })).lookup(reference)).debited;
    const expected = { false: [undefined, undefined], true: [undefined, '400.00'], amount: ['375.00', '375.00'] };
    for (const [index, debit] of expected[`${reportsDebit}`].entries()) {
      const debited = await debitWith(index === 0 ? undefined : '25.00');
      if (debit === undefined) assert.equal(debited, undefined);
      else assertAmount(debited, debit, 'debited');
    }
  });

  rule('13. reports no debit in another currency than that of the wallet', async (probe) => {
    const { provider } = probe.answer(lookup.answer({ ...paid, fee: '25.00', status: completed }));
    const { signal } = new AbortController();
    const answer = await provider.lookup?.({ reference, currency: 'XTS', sentAtMs, signal });
    assert.equal(answer?.debited, undefined);
  });

  rule(
    '14. has no outcome while the provider is down, and shows no secret',
    async (probe) => {
      for (const status of [401, 403, 429, 500]) {
        const work = probe.answer({ status, body: '' }).lookup(reference);
        assertNoSecret(await rejection(work), secrets);
      }
    },
    { circuitBreaker: { failures: 1_000 } },
  );

  for (const { name, reason: _, ...answer } of lookup.refused ?? []) {
    rule(`14. has no outcome after ${name}`, async (probe) => {
      assert.equal(await probe.answer(answer).outcome(reference), 'unknown');
    });
  }

  if (!result) return;
  rule('15. judges the answer of its payment call by the same words', async ({ provider }) => {
    for (const [verdict, words] of Object.entries(result.statuses ?? statuses)) {
      for (const status of words) {
        const value = result.answer({ ...paid, status });
        assert.equal(provider.verdictOfResult?.(value, { reference }), verdict, status);
        assert.equal(provider.verdictOfResult?.(value, { reference: other }), undefined, `${status} of another`);
      }
    }
  });

  rule('15. takes nothing from an answer of the other mode', async ({ provider }) => {
    for (const value of result.unproved?.(reference) ?? []) {
      assert.equal(provider.verdictOfResult?.(value, { reference }) ?? 'unknown', 'unknown');
    }
  });

  rule('15. has no verdict of anything else', async ({ provider }) => {
    const hostile = new Proxy({}, { get: () => assert.fail('a getter ran') });
    for (const value of [undefined, null, completed, { status: completed }, { reference, ok: true }, [], hostile]) {
      assert.equal(provider.verdictOfResult?.(value, { reference }), undefined);
    }
  });
}

function changedCase(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word.toUpperCase();
}
