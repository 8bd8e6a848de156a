// The answer to a request whose payout another handle has sent: a job or another process that resumed its hold.
import { describe, expect, it } from '@jest/globals';
import type { Hold } from 'payout-guard';
import { problemOf } from 'payout-guard/web';
import { thrownBy } from '../support/errors.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();

const payout = { amount: '400.00', reference: 'p-1' };

async function resumedElsewhere(act: (other: Hold) => Promise<unknown>): Promise<{ own: Hold; error: unknown }> {
  const guard = scriptedWallet('1000.00').guard();
  const own = await guard.hold(payout);
  await act(await guard.resume('p-1'));
  return { own, error: await thrownBy(own.pay(() => 'paid')) };
}

describe('the answer to a request whose hold another handle', () => {
  it.each([
    ['is sending', (other: Hold) => other.sent()],
    ['has sent, and captured', (other: Hold) => other.pay(() => 'paid').then(() => other.capture())],
  ])('%s is a payout in progress', async (_, act) => {
    const { own, error } = await resumedElsewhere(act);
    expect(error).toMatchObject({ code: 'hold_state' });
    expect(problemOf(error, { holds: [own] })?.body).toMatchObject({ code: 'payout_in_progress', status: 409 });
    expect(problemOf(error)?.body).toMatchObject({ code: 'payout_in_progress', status: 409 });
  });

  it('has released is the state of the hold', async () => {
    const { own, error } = await resumedElsewhere((other) => other.release());
    expect(problemOf(error, { holds: [own] })?.body).toMatchObject({ code: 'hold_state', status: 409 });
  });
});
