// The pages of the console in a real browser: texts that want to be scripts, barriers, and what is shown without a
// provider.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { TestBrowser } from '../support/chromium.js';
import { inBrowser } from '../support/in-browser.js';
import { collectWarnings } from '../support/warnings.js';
import { accessibilityCases } from './accessibility-cases.js';
import { displayCases } from './display-cases.js';
import { scriptCases } from './script-cases.js';
import '../support/proof-only.js';

collectWarnings();
let browser: TestBrowser;

inBrowser('the pages of the console', () => {
  beforeAll(async () => {
    browser = await TestBrowser.start();
  });
  afterEach(() => browser.closePages());
  afterAll(() => browser.close());

  displayCases(() => browser);
  scriptCases(() => browser);
  accessibilityCases(() => browser);
});
