// `payout-guard doctor`: finds what breaks in production, and states how to mend it.
import type { Run } from '../call.js';
import { gather } from '../doctor/facts.js';
import type { Finding, Level } from '../doctor/finding.js';
import { providerChecks } from '../doctor/provider-checks.js';
import { setupChecks } from '../doctor/setup-checks.js';
import { exitCodes } from '../exit-codes.js';
import { table } from '../output/table.js';
import { counted, jsonText } from '../output/text.js';
import { readWithGuard } from '../session.js';
import type { ProcessWarning } from '../usage.js';

export const doctor: Run = async (call) => {
  const warnings: ProcessWarning[] = [];
  // Before the module is loaded: it may be warned of while its guard is made.
  const stop = call.context.onWarning?.((warning) => warnings.push(warning));
  try {
    return await readWithGuard(call, async (session) => {
      const facts = await gather(session, warnings);
      const found = [
        ...facts.wallets.flatMap((wallet) => providerChecks.flatMap((check) => check(wallet, facts))),
        ...setupChecks.flatMap((check) => check(facts)),
      ];
      const count = countsOf(found);
      if (call.options.json) session.call.context.print(jsonText({ ...count, findings: found }));
      else session.call.context.print(reportText(found, count));
      return count.problems > 0 ? exitCodes.no : exitCodes.done;
    });
  } finally {
    stop?.();
  }
};

interface Counts {
  readonly problems: number;
  readonly warnings: number;
}

function countsOf(found: readonly Finding[]): Counts {
  const count = (level: Level) => found.filter((finding) => finding.level === level).length;
  return { problems: count('problem'), warnings: count('warning') };
}

function reportText(found: readonly Finding[], { problems, warnings }: Counts): string {
  const rows = found.map(({ level, check, title }) => [level, check, title]);
  const advice = found.flatMap((finding) =>
    finding.advice === undefined ? [] : [`${finding.level}: ${finding.title}\n  ${finding.advice}`],
  );
  const summary =
    advice.length === 0 ? 'All is well.' : `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`;
  const columns = [{ title: 'RESULT' }, { title: 'CHECK' }, { title: 'FOUND' }];
  return [table(columns, rows), ...advice, summary].join('\n\n');
}
