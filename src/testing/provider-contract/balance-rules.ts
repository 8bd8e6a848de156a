// Rules 1 to 4: the balance that an adapter reads.
import assert from 'node:assert/strict';
import { LosslessNumber } from 'lossless-json';
import { assertAmount, changed, type Rule, rejection } from './probe.js';
import type { ProviderTarget } from './target.js';

const readable = ['0.00', '0.01', '1200.50', '12500.00', '-25.00', '90071992547409.93'];

/** Values of a figure that would change a decision if it were read. */
const mutations: readonly (readonly [string, unknown])[] = [
  ['huge', new LosslessNumber('90000000000000')],
  ['huge text', '90000000000000.00'],
  ['zero', new LosslessNumber('0')],
  ['negative', new LosslessNumber('-1')],
  ['no figure', undefined],
  ['nothing', null],
];

/** A balance that no other figure of an answer has. */
const available = '1200.50';

export function balanceRules(rule: Rule, { balance, currency }: ProviderTarget): void {
  const [sample = available] = balance.readable?.includes(available) === false ? balance.readable : [available];

  for (const amount of balance.readable ?? readable) {
    rule(`1. reads an available balance of ${amount} exactly`, async (probe) => {
      const read = await probe.answer(balance.answer(amount)).balance();
      assertAmount(read.available, amount, 'available');
      assert.equal(read.currency, currency);
    });
  }

  for (const figure of balance.otherFigures) {
    rule(`2. reads the same balance, or refuses the answer, whatever ${figure} is`, async (probe) => {
      const { body, ...answer } = balance.answer(sample);
      for (const [name, value] of mutations) {
        const reading = probe.answer({ ...answer, body: changed(body, figure, value) }).balance();
        const read = await reading.catch((error: { reason?: unknown }) => assert.equal(error.reason, 'malformed'));
        if (read) assertAmount(read.available, sample, `available beside a ${figure} that is ${name}`);
      }
    });
  }

  for (const { name, reason = 'malformed', ...answer } of balance.refused) {
    rule(`3. refuses ${name} as ${reason}`, async (probe) => {
      const error = await rejection(probe.answer(answer).balance());
      assert.equal(error.reason, reason);
    });
  }

  rule('4. refuses a redirect, an empty body, a page and JSON that is cut short', async (probe) => {
    const { body } = balance.answer(sample);
    for (const answer of [
      { status: 302, body },
      { body: '' },
      { body: '<html><body>Welcome</body></html>' },
      { body: body.slice(0, -1) },
      { body: '{}' },
      { body: '[]' },
      { body: 'null' },
    ]) {
      assert.ok((await rejection(probe.answer(answer).balance())).reason, `accepted ${JSON.stringify(answer)}`);
    }
    assertAmount((await probe.answer({ body }).balance()).available, sample, 'the next correct answer');
  });
}
