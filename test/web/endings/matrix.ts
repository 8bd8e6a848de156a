// Registers the rows of the table of endings for a framework.
import { describe, expect, it } from '@jest/globals';
import { cleanUp } from '../../express/api.js';
import { codesOfProcesses, collectWarnings } from '../../support/warnings.js';
import { endingsOf } from './deviations.js';
import type { Driver } from './driver.js';
import type { Ending } from './ending.js';
import { runEnding } from './run.js';
import { endings, titleOf } from './table.js';
import { expectedOutcome } from './world.js';

/** The many kinds of errors of this library take one way through an adapter; Express has them all. */
const isOneOfMany = ({ handler }: Ending): boolean =>
  /^throws (?!HoldStateError|PayoutRejectedError|Error|an error)/.test(handler);

export function matrixOf(driver: Driver, rows: readonly Ending[] = endings.filter((row) => !isOneOfMany(row))): void {
  describe(`every ending on ${driver.name}`, () => {
    const atTheEnd = cleanUp();
    const warnings = collectWarnings();

    it.each(endingsOf(driver.name, rows).map((ending) => [titleOf(ending), ending] as const))(
      '%s',
      async (_title, ending) => {
        const { warns = [] } = ending;
        const outcome = await runEnding(driver, ending, atTheEnd);
        expect([outcome, codesOfProcesses(warnings)]).toEqual([expectedOutcome(ending), warns]);
      },
    );
  });
}
