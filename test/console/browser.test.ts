// The console in a real browser, one for all cases: its actions and where it is mounted. `pages.test.ts` has the rest.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { TestBrowser } from '../support/chromium.js';
import { inBrowser } from '../support/in-browser.js';
import { collectWarnings } from '../support/warnings.js';
import { dialogCases } from './dialog-cases.js';
import { mountingCases } from './mounting-cases.js';
import { operatorCases } from './operator-cases.js';

collectWarnings();
let browser: TestBrowser;

inBrowser('the console in a browser', () => {
  beforeAll(async () => {
    browser = await TestBrowser.start();
  });
  afterEach(() => browser.closePages());
  afterAll(() => browser.close());

  operatorCases(() => browser);
  dialogCases(() => browser);
  mountingCases(() => browser);
});
