// The protocol of late messages holds in every state of its model, and each of its rules is needed: without a rule, the
// model finds a broken invariant.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import '../support/proof-only.js';

const model = fileURLToPath(new URL('late-model.mjs', import.meta.url));

function explore(switches: string): Promise<{ code: number; text: string }> {
  const args = ['--max-old-space-size=12000', model, ...switches.split(' ').filter((one) => one !== '')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, text) => resolve({ code: Number(error?.code ?? 0), text }));
  });
}

const few = 'noResend sameWallet noLatePut';

/** The number of states shows that no state was left out. */
const clean: readonly (readonly [string, number])[] = [
  ['', 1_743_425],
  ['reserve', 3_606_688],
  ['rollback reserve noResend', 5_687_584],
  ['aOnly reserve wrongRelease', 79_295],
];

/** Omitted rules, each in the smallest world that reveals it, and the invariant that breaks. */
const mistakes: readonly (readonly [string, number])[] = [
  [`noPutBack ${few}`, 3],
  [`undoOnce ${few}`, 4],
  [`undoEarly ${few}`, 4],
  [`noNotAfter ${few}`, 4],
  [`oldReply ${few}`, 3],
  [`open409 ${few}`, 5],
  [`keepUnsent reserve ${few}`, 4],
  [`sentUnanswered reserve ${few}`, 3],
  [`undoByRef ${few}`, 3],
  [`noBarrier ${few}`, 2],
  [`noEpoch ${few}`, 4],
  ['lateIsNo sameWallet noLatePut', 4],
  ['runTwice sameWallet noLatePut', 4],
  [`clockBack ${few}`, 4],
  ['noTurn noResend sameWallet', 3],
  ['noTurn rollback aOnly', 3],
  [`oldSent reserve ${few}`, 3],
  [`lateSent reserve ${few}`, 4],
  [`expireSent reserve ${few}`, 3],
  ['keepReserved reserve rollback aOnly', 2],
  ['noLateCapture reserve wrongRelease aOnly', 6],
  // No store can avoid this: while a process that gave up is cut off, a retry elsewhere is refused because of a payout
  // that will not be made.
  [`old409 ${few}`, 5],
];

describe('the model of late messages', () => {
  it.each(clean)('keeps all invariants: %s', async (switches, states) => {
    const title = switches || 'everything';
    expect(await explore(switches)).toMatchObject({
      code: 0,
      text: expect.stringMatching(`^${title}: holds in all ${states} states`),
    });
  });

  it.each(mistakes)('needs every rule: with %s, invariant %i breaks', async (switches, invariant) => {
    const { code, text } = await explore(switches);
    expect([code, text]).toEqual([1, expect.stringMatching(`^VIOLATION of ${invariant}: `)]);
  });

  it('rejects an unknown switch', async () => {
    expect(await explore('noSuchRule')).toMatchObject({ code: 1, text: '' });
  });
});
