// Tests that are the same for every simulator: its options, and a wallet with one balance.
import { expect, it } from '@jest/globals';
import { failureOf } from '../providers/support.js';

/** Tests that each of these options is refused, by its name. */
export function testWrongOptions<Options>(
  cases: readonly [options: { readonly [Name in keyof Options]?: unknown }, name: string][],
  open: (options: Options) => Promise<unknown>,
): void {
  it.each([...cases])('names a wrong option: %j', async (options, name) => {
    expect((await failureOf(open(options as Options))).message).toContain(`${name}: `);
  });
}

interface OneBalance {
  credit(amount: string): void;
  debit(amount: string): void;
  setBalance(balance: string): void;
  balance(): string;
}

/**
 * Tests a wallet of 800 that tests change.
 * @param negative - An amount of -3, as the simulator writes it.
 */
export function testOneBalance(negative: string, start: () => Promise<{ readonly simulator: OneBalance }>): void {
  it('has a balance that tests change', async () => {
    const { simulator } = await start();
    simulator.credit('1.50');
    simulator.debit('0.25');
    expect(simulator.balance()).toBe('801.25');
    expect(() => simulator.debit('801.26')).toThrow('the wallet has less');
    simulator.setBalance(negative);
    expect(simulator.balance()).toBe(negative);
  });
}
