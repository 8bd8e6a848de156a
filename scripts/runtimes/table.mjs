// The pieces that are tried in each runtime, and the result as a table of Markdown.

const stores = ['memory', 'sqlite', 'redis', 'postgres'];
const adapters = ['express', 'fastify', 'hono', 'koa', 'nest', 'web'];
export const pieces = [...stores, ...adapters];

/** A row for each runtime; below it the reason of each `no`. A cell that failed is `failed`. */
export function tableOf(cells) {
  const runtimes = [...new Set(cells.map(({ runtime }) => runtime))];
  const reasons = [...new Set(cells.flatMap(({ reason }) => reason ?? []))];
  const wordFor = ({ failure, reason }) => {
    if (failure) return 'failed';
    return reason ? `no (${reasons.indexOf(reason) + 1})` : 'ok';
  };
  const rows = runtimes.map((runtime) => {
    const own = pieces.map((piece) => cells.find((cell) => cell.runtime === runtime && cell.piece === piece));
    return `| ${[runtime, ...own.map(wordFor)].join(' | ')} |`;
  });
  const header = [`| ${['runtime', ...pieces].join(' | ')} |`, `|${'---|'.repeat(pieces.length + 1)}`];
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`);
  return [...header, ...rows, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}
