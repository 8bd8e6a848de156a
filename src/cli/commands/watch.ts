// `payout-guard watch`: the wallets again and again. In a terminal it redraws; otherwise each reading is new lines.
import { runAfter, systemClock } from '../../core/clock.js';
import { untilAborted } from '../../core/deadline.js';
import type { WalletStatus } from '../../operate/index.js';
import type { Call, Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { escaped } from '../output/escape.js';
import { timeText } from '../output/text.js';
import { text, warnOfMemory, withGuard } from '../session.js';
import { Interrupted, type Screen } from '../usage.js';
import { durationMs, wholeNumber } from '../values.js';
import { problemLines, readWallets, statusTable } from './status.js';

export const watch: Run = (call) => {
  const everyMs = durationMs('every', text(call, 'every') ?? '5s', ['100ms', '1d']);
  const count = text(call, 'count');
  const last = count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('count', count, [1, 1_000_000]);
  return withGuard(call, async (session) => {
    const { screen, interrupted, broken } = call.context;
    if (!screen) warnOfMemory(session);
    if (screen) screen.write(enter);
    let wallets: readonly WalletStatus[] = [];
    try {
      for (let reading = 1; ; reading++) {
        wallets = await untilAborted(untilAborted(readWallets(session), interrupted), broken);
        const at = new Date(session.guard.internals.clock.now());
        if (screen) draw(screen, at, wallets);
        else printPlain(call, at, wallets);
        if (reading >= last) break;
        await pause(everyMs, interrupted, broken);
      }
    } catch (error) {
      // Without a count an interrupt is its only end, and no failure.
      if (interrupted?.aborted && count === undefined) return exitCodes.done;
      throw interrupted?.aborted ? new Interrupted('Interrupted before the last reading. Nothing was changed.') : error;
    } finally {
      screen?.write(leave);
    }
    return wallets.some(({ problem }) => problem) ? exitCodes.failed : exitCodes.done;
  });
};

/** The other screen of the terminal, without a cursor: the lines above the command stay. */
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
/** To the first line; then each line is cleared to its end, and everything below. */
const home = '\u001b[H';
const clearRight = '\u001b[K';
const clearBelow = '\u001b[J';

function draw(screen: Screen, at: Date, wallets: readonly WalletStatus[]): void {
  const lines = [`${timeText(at)}   Ctrl-C ends`, '', statusTable(wallets), ...problemLines(wallets).map(escaped)];
  const shown = lines.flatMap((line) => line.split('\n')).map((line) => line.slice(0, screen.columns) + clearRight);
  screen.write(home + shown.join('\r\n') + clearBelow);
}

/** One line for each wallet, with its time: for a log. */
function printPlain({ context }: Call, at: Date, wallets: readonly WalletStatus[]): void {
  const [, ...rows] = statusTable(wallets).split('\n');
  for (const row of rows) context.print(`${timeText(at)}  ${row}`);
  for (const line of problemLines(wallets)) context.printError(line);
}

/**
 * A pause for the person who reads: on the clock of the machine, whatever clock the guard has.
 * @throws the reason of a signal that aborts.
 */
async function pause(ms: number, ...signals: (AbortSignal | undefined)[]): Promise<void> {
  let cancel = () => {};
  const isOver = new Promise<void>((end) => {
    cancel = runAfter(systemClock, ms, end, { keepsAlive: true });
  });
  try {
    await signals.reduce((wait, signal) => untilAborted(wait, signal), isOver);
  } finally {
    cancel();
  }
}
