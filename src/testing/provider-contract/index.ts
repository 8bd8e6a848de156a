// The rules of `BalanceProvider` as tests: one for each rule, under its number, over real HTTP.
import type { TestRunner } from '../store-contract.js';
import { balanceRules } from './balance-rules.js';
import { lookupRules } from './lookup-rules.js';
import { networkRules } from './network-rules.js';
import { Probe, type Rule } from './probe.js';
import type { ProviderTarget } from './target.js';
import { webhookRules } from './webhook-rules.js';

/**
 * Defines the tests of the provider contract.
 *
 * @example
 * ```ts
 * providerContract({ describe, it }, {
 *   name: 'my bank',
 *   currency: 'KES',
 *   open: (baseUrl, network) => myBank({ baseUrl, apiKey: 'secret-1', ...network }),
 *   secrets: ['secret-1'],
 *   balance: {
 *     answer: (available) => ({ body: `{"spendable":${available},"total":0}` }),
 *     otherFigures: ['total'],
 *     refused: [{ name: 'no figure', body: '{"total":1}' }],
 *   },
 * });
 * ```
 */
export function providerContract({ describe, it }: TestRunner, target: ProviderTarget): void {
  const rule: Rule = (title, test, network) =>
    it(title, async () => {
      const probe = await Probe.open(target, network);
      try {
        await test(probe);
      } finally {
        await probe.server.close();
      }
    });

  describe(`${target.name} keeps the provider contract`, () => {
    balanceRules(rule, target);
    networkRules(rule, target);
    if (target.lookup) lookupRules(rule, target, target.lookup);
    if (target.webhook) webhookRules(rule, target.webhook);
  });
}
