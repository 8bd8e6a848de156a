// A debit that is far from the held amount: a comma in the wrong place must not pass with the usual yes.
import { describe, expect, it } from '@jest/globals';
import { collectWarnings } from '../support/warnings.js';
import { withHolds } from './two-wallets.js';

collectWarnings();

/** Answers the questions in turn, and keeps them. */
function answering(...answers: string[]) {
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return answers.shift() ?? '';
  };
  return { asked, context: { canAsk: true, ask } };
}

const capture = (amount: string) => ['capture', 'u-1', amount, '--reason', 'in the statement'];

describe('a debit beyond 10 % of the held amount', () => {
  it.each([
    ['22001', '110 % of the held amount'],
    ['17999', '90 % of the held amount'],
    ['40000', '2 times the held amount'],
    ['2000000', '100 times the held amount'],
  ])('of %s needs --unusual-debit besides --yes', async (amount, comparison) => {
    const { command, guard } = await withHolds();
    const { code, out, err } = await command(...capture(amount), '--yes');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(comparison);
    expect(err).toContain('Nothing was done: if it is right, give --unusual-debit as well');
    expect((await guard.getHold('u-1'))?.state).toBe('sent');
    expect((await command(...capture(amount), '--yes', '--unusual-debit')).code).toBe(0);
    expect(await guard.getHold('u-1')).toMatchObject({ state: 'captured', captured: amount });
  });

  it.each(['22000', '18000', '20000'])('is not one of %s: --yes is enough', async (amount) => {
    const { command } = await withHolds();
    expect((await command(...capture(amount), '--yes')).code).toBe(0);
  });

  it('is asked about a second time, with digits in groups, and with another word', async () => {
    const { commandIn, guard } = await withHolds();
    const { asked, context } = answering('yes', 'unusual');
    const { code, err } = await commandIn(context, ...capture('2000000'));
    expect([code, asked]).toEqual([0, ['Type yes to go on: ', 'Type unusual to go on: ']]);
    expect(err).toContain(
      'Unusual debit: 2 000 000 UGX, and 20 000 UGX are held. That is 100 times the held amount. Compare its digits',
    );
    expect(await guard.getHold('u-1')).toMatchObject({ captured: '2000000' });
  });

  it.each([['yes', 'yes'], ['yes', ''], ['no']])('is not booked after the answers %j', async (...answers) => {
    const { commandIn, guard, history } = await withHolds();
    const { code, err } = await commandIn(answering(...answers).context, ...capture('2000000'));
    expect([code, err]).toEqual([3, expect.stringContaining('Not confirmed. Nothing was done.')]);
    expect((await guard.getHold('u-1'))?.state).toBe('sent');
    expect((await history.query({ kind: 'operator' })).entries).toEqual([]);
  });

  it('needs the flag where there is no terminal to ask', async () => {
    const { command } = await withHolds();
    const { code, err } = await command(...capture('2000000'), '--unusual-debit');
    expect([code, err]).toEqual([2, expect.stringContaining('give --yes')]);
  });
});
