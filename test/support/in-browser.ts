// Tests that need a browser.
import { describe } from '@jest/globals';
import { chromiumPath } from './chromium.js';

/** A group of tests that needs Chromium; skipped, with a notice, where there is none. @throws with CI set, instead. */
export const inBrowser: typeof describe | typeof describe.skip = chromiumPath ? describe : skipped();

function skipped(): typeof describe.skip {
  const problem = 'No Chromium: none of chromium, chromium-browser and google-chrome is installed.';
  if (process.env.CI) throw new Error(problem);
  console.warn(`${problem} These tests are SKIPPED.`);
  return describe.skip;
}
