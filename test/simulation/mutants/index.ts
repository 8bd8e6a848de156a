// All mistakes.
import { balanceMutants } from './balances.js';
import { captureMutants } from './captures.js';
import { lifecycleMutants } from './lifecycle.js';
import { limitMutants } from './limits.js';
import { lostAndLateMutants } from './lost-and-late.js';
import type { Mutant } from './mutant.js';
import { payrollMutants } from './payrolls.js';
import { storeMutants } from './stores.js';
import { verdictMutants } from './verdicts.js';

export type { Mutant } from './mutant.js';

export const mutants: readonly Mutant[] = [
  ...balanceMutants,
  ...storeMutants,
  ...captureMutants,
  ...lostAndLateMutants,
  ...verdictMutants,
  ...lifecycleMutants,
  ...payrollMutants,
  ...limitMutants,
];
