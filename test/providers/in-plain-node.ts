// Run by plain-node.test.ts in its own process: behaviour outside of jest. Nothing may keep the process alive.
import { type BalanceProvider, createPayoutGuard } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { jpaySimulator } from 'payout-guard/testing';
import { guardOf, machineClock, quick, shopProvider } from './support.js';

const seen: Record<string, unknown> = { unhandled: 0 };
process.on('unhandledRejection', () => {
  seen.unhandled = (seen.unhandled as number) + 1;
});
process.on('exit', () => console.log(JSON.stringify(seen)));

/** Prints the reason of a refusal, and the code of its cause. */
async function note(name: string, work: Promise<unknown>): Promise<void> {
  seen[name] = await work.then(
    () => 'resolved',
    (error: { reason: string; cause?: { code?: string } }) => [error.reason, error.cause?.code ?? null],
  );
}

const simulator = await jpaySimulator();
let accounts = 0;
const shop = (url: string, options = {}) => shopProvider(url, { accountId: `${++accounts}`, ...options });
const at = (url: string, options = {}) => guardOf(shop(url, { maxAttempts: 1, ...options }));
const hang = () => simulator.fault({ kind: 'hang' }, { path: '' });

await note('noAddress', at('https://does-not-exist.invalid').checkFunds('1'));
simulator.fault({ kind: 'reset' }, { path: '' });
await note('reset', at(simulator.url).checkFunds('1'));
hang();
await note('hang', at(simulator.url, { attemptTimeoutMs: 50, clock: machineClock }).checkFunds('1'));
await note('givenUp', guardOf(shop(simulator.url), { fetchTimeoutMs: 100 }).checkFunds('1'));

const closing = at(simulator.url);
const waiting = Array.from({ length: 10 }, () => closing.checkFunds('1'));
const outcomes = Promise.allSettled(waiting);
await new Promise((resolve) => setTimeout(resolve, 20));
await closing.close();
seen.closed = (await outcomes).filter((one) => one.status === 'rejected' && one.reason.reason === 'closed').length;

// A fetch that ignores its signal and fails long after all callers left.
const late = () => new Promise<Response>((_, reject) => setTimeout(() => reject(new Error('late')), 150));
const schema = { parse: (body: unknown) => body };
const select = () => ({ available: '1.00', currency: 'KES' });
const network = { ...quick, attemptTimeoutMs: 50, clock: machineClock, fetch: late };
await note(
  'late',
  guardOf(httpProvider({ name: 'late', url: 'https://h', schema, select, ...network })).checkFunds('1'),
);
await new Promise((resolve) => setTimeout(resolve, 200));

// Many wallets wait on one signal of the guard. Node.js would warn if it suspected a leak.
const answer = { available: '1.00', currency: 'KES' };
const slow = () => new Promise<typeof answer>((resolve) => setTimeout(() => resolve(answer), 20));
const walletOf = (key: string) => {
  const provider: BalanceProvider = { name: 'many', accountId: key, debitVisibleAt: 'unknown', fetchBalance: slow };
  return { provider, currency: 'KES' };
};
const many = createPayoutGuard({ wallets: walletOf });
await Promise.all(Array.from({ length: 40 }, (_, index) => many.checkFunds('1', { wallet: `w-${index}` })));
await many.close();

await simulator.close();
const gone = await jpaySimulator();
await gone.close();
await note('refused', at(gone.url).checkFunds('1'));
