// Checks Markdown documents against the repository: code compiles, JSON parses, commands and links exist.
//
//   ```ts       is compiled strictly as a module of its own; so is ```js, CommonJS if it calls require().
//   ```ts run   is also executed, and its output must equal the ```text block that follows.
//   ```json     must parse.
//   ```bash     must name npm scripts and repository files that exist.
//
// Links must lead somewhere, and so must names of pages and examples in backquotes.
//
// Lines that a reader does not need, such as the imports of a second example, go into a comment before the fence:
//   <!-- setup: declare const payment: { id: string; amount: string }; -->
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, parse as parsePath, relative, sep } from 'node:path';
import { compileAll } from './compiled.js';
import { type ProgramResult, root, runProgram } from './programs.js';

/** The documents of the repository, as paths from its root. */
export async function documents(): Promise<string[]> {
  const below = async (directory: string) =>
    existsSync(join(root, directory)) ? readdir(join(root, directory), { recursive: true }) : [];
  const folders = await Promise.all(
    ['docs', 'examples', 'bench'].map(async (folder) => {
      return (await below(folder)).map((file) => join(folder, file));
    }),
  );
  const files = [...(await readdir(root)), ...folders.flat()];
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.replaceAll(sep, '/'))
    .sort();
}

/** The number of blocks of a language in a document. */
export function countBlocks(file: string, language: string): number {
  return parse(file).blocks.filter((block) => block.info.split(' ')[0] === language).length;
}

/** The TypeScript and JavaScript that a reader copies from a document, block by block. */
export function codeOf(file: string): { readonly at: string; readonly text: string }[] {
  return parse(file)
    .blocks.filter(isCode)
    .map(({ line, text }) => ({ at: `${file}:${line}`, text }));
}

/** All problems of these documents, each as `file:line: problem`. One compilation for all of them. */
export async function problemsOf(files: readonly string[]): Promise<string[]> {
  const parsed = files.map(parse);
  const code = parsed.flatMap(({ blocks }) => blocks.filter(isCode));
  const problems = [
    ...parsed.flatMap((document) => [
      ...document.problems,
      ...linkProblems(document),
      ...nameProblems(document),
      ...document.blocks.flatMap(textProblems),
    ]),
    ...(await withSources(code, async (directory, sources) => [
      ...(await compilationProblems(directory, sources)),
      ...(await outputProblems(directory, sources)),
    ])),
  ];
  // Sorted by file and line.
  return problems.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
}

interface Block {
  readonly file: string;
  /** The line of the opening fence, counted from 1. */
  readonly line: number;
  /** The text after the fence: a language, and optionally `run`. */
  readonly info: string;
  readonly text: string;
  readonly setup: { readonly line: number; readonly text: string } | undefined;
  /** The block after this one. */
  next?: Block;
}

interface Document {
  readonly file: string;
  readonly blocks: readonly Block[];
  /** The text with blocks and comments blanked out. Lines keep their numbers. */
  readonly prose: string;
  readonly problems: readonly string[];
}

const commentOrBlock =
  /<!--(?<comment>[\s\S]*?)-->|^(?<indent> *)(?<fence>`{3,}|~{3,})(?<info>.*)\n(?<code>(?:.*\n)*?) *\k<fence>[ \t]*$/gm;

function parse(file: string): Document {
  const text = readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n');
  const blocks: Block[] = [];
  let setup: (Block['setup'] & { end: number }) | undefined;
  for (const { 0: match, index, groups = {} } of text.matchAll(commentOrBlock)) {
    const { comment, indent, info = '', code = '' } = groups;
    const line = lineAt(text, index);
    if (comment !== undefined) {
      const hidden = comment.replace(/^\s*setup:/, '');
      setup = hidden === comment ? undefined : { line, text: hidden, end: index + match.length };
      continue;
    }
    const block: Block = {
      file,
      line,
      info: info.trim(),
      text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      setup: setup && text.slice(setup.end, index).trim() === '' ? setup : undefined,
    };
    const previous = blocks.at(-1);
    if (previous) previous.next = block;
    blocks.push(block);
    setup = undefined;
  }
  const prose = text.replaceAll(commentOrBlock, (match) => match.replaceAll(/[^\n]/g, ' '));
  const problems = [...prose.matchAll(/^.*(```|~~~).*$/gm)].map(
    ({ index }) => `${file}:${lineAt(text, index)}: a fence that is not closed, or not at the start of its line`,
  );
  return { file, blocks, prose, problems };
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

const isCode = ({ info }: Block) => /^(ts|js)( run)?$/.test(info);

/** Languages without checks. Any other word is a mistake: `typescript` or `ts runs` would stay unchecked. */
const unchecked = new Set(['text', 'http', 'sql', 'lua', 'yaml', 'diff', 'mermaid']);

function textProblems(block: Block): string[] {
  const { file, line, info, text } = block;
  if (isCode(block) || unchecked.has(info)) return [];
  if (info === 'bash' || info === 'sh') return commandProblems(block);
  if (info !== 'json') return [`${file}:${line}: no check for '${info}'`];
  try {
    JSON.parse(text);
    return [];
  } catch {
    return [`${file}:${line}: not valid JSON`];
  }
}

function commandProblems({ file, line, text }: Block): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  return text.split('\n').flatMap((command, index) => {
    const at = `${file}:${line + 1 + index}`;
    const named = command.matchAll(/\bnpm (?:(?:run|run-script) (?:-\S+ )*([\w:.-]+)|(test|start)\b)/g);
    const missing = [...named].map(([, script, short]) => String(script ?? short)).filter((name) => !(name in scripts));
    const paths = command.match(/(?<=^|\s)(?:\.\/)?(?:\.ci|bench|docs|examples|scripts|src|test)\/\S+/g) ?? [];
    return [
      ...missing.map((name) => `${at}: package.json has no script '${name}'`),
      ...paths.filter((path) => !existsSync(join(root, path))).map((path) => `${at}: there is no ${path}`),
    ];
  });
}

function linkProblems({ file, prose }: Document): string[] {
  const text = prose.replaceAll(/`[^`\n]+`/g, (code) => ' '.repeat(code.length));
  const links = text.matchAll(/\]\(\s*<?([^)\s>]+)|^ *\[[^\]\n]+\]:\s*(\S+)/gm);
  return [...links].flatMap(({ index, 1: inline, 2: reference }) => {
    const target = inline ?? reference ?? '';
    if (/^[a-z][a-z\d+.-]*:/i.test(target)) return [];
    const [path = '', heading] = target.split('#');
    const aim = path === '' ? file : join(path.startsWith('/') ? '' : dirname(file), decodeURI(path));
    if (!existsSync(join(root, aim))) return [`${file}:${lineAt(prose, index)}: the link leads nowhere: ${target}`];
    if (heading === undefined || !aim.endsWith('.md') || headings(aim).includes(heading)) return [];
    return [`${file}:${lineAt(prose, index)}: no such heading: ${target}`];
  });
}

/** Names of pages and examples in backquotes, from the root of the repository: `` `docs/stores.md#redis` ``. */
function nameProblems({ file, prose }: Document): string[] {
  const names = prose.matchAll(/`((?:docs|examples)\/[\w./-]+\.(?:md|ts)|[A-Z]+\.md)(?:#([\w-]+))?`/g);
  return [...names].flatMap(({ index, 1: path = '', 2: heading }) => {
    const at = `${file}:${lineAt(prose, index)}`;
    if (!existsSync(join(root, path))) return [`${at}: there is no ${path}`];
    if (heading === undefined || headings(path).includes(heading)) return [];
    return [`${at}: no such heading: ${path}#${heading}`];
  });
}

/** The links of a document to other files. */
export function linkedFiles(file: string): string[] {
  const links = parse(file)
    .prose.replaceAll(/`[^`\n]+`/g, '')
    .matchAll(/\]\(\s*<?([^)\s>#]+)|^ *\[[^\]\n]+\]:\s*(\S+)/gm);
  return [...links].map(([, inline, reference]) => inline ?? reference ?? '').filter((link) => !/^[a-z]+:/i.test(link));
}

/** The headings of a document as GitHub's anchors. */
function headings(file: string): string[] {
  const seen = new Map<string, number>();
  return [...parse(file).prose.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

interface Source {
  readonly block: Block;
  readonly path: string;
}

/**
 * Writes each block to a file inside the repository, where it can import the library and its dependencies, while `work`
 * runs.
 */
async function withSources(
  blocks: readonly Block[],
  work: (directory: string, sources: readonly Source[]) => Promise<string[]>,
): Promise<string[]> {
  const directory = await mkdtemp(join(root, '.documents-'));
  try {
    await writeFile(join(directory, '.gitignore'), '*\n');
    const sources = blocks.map((block, index) => {
      const language = block.info.slice(0, 2);
      const extension = language === 'js' && /\brequire\(/.test(block.text) ? 'cjs' : language;
      return { block, path: join(directory, `block-${index}.${extension}`) };
    });
    await Promise.all(sources.map(({ block, path }) => writeFile(path, sourceOf(block))));
    return await work(directory, sources);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

// Setup and block keep the line numbers they have in the document, so that messages about them need no translation.
function sourceOf({ line, text, setup }: Block): string {
  const before = setup ? '\n'.repeat(setup.line - 1) + setup.text : '';
  return before + '\n'.repeat(line + 1 - lineAt(before, before.length)) + text;
}

async function compilationProblems(directory: string, sources: readonly Source[]): Promise<string[]> {
  const compilerOptions = {
    allowJs: true,
    checkJs: true,
    moduleDetection: 'force',
    declaration: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  const declarations = join(root, 'src/**/*.d.ts');
  const project = {
    extends: '../tsconfig.json',
    compilerOptions,
    files: sources.map(({ path }) => path),
    include: [declarations],
  };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(project));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { code, stdout } = await runNode(tsc, '--pretty', 'false', '--noEmit', '-p', directory);
  // A message may continue in indented lines.
  const messages = stdout
    .trim()
    .split(/\n(?! )/)
    .filter((message) => message !== '');
  if (code !== 0 && messages.length === 0) throw new Error('tsc failed without a message');
  return messages.map((message) => {
    const [, path = '', line, what] = /^(.+?)\((\d+),\d+\): error ([\s\S]+)$/.exec(message) ?? [];
    const source = sources.find((candidate) => relative(root, candidate.path) === join(path));
    return source ? `${source.block.file}:${line}: ${what}` : message;
  });
}

async function outputProblems(directory: string, sources: readonly Source[]): Promise<string[]> {
  const programs = sources.filter(({ block }) => block.info.endsWith(' run'));
  const nameOf = ({ path }: Source) => parsePath(path).name;
  const folder = join(directory, 'compiled');
  compileAll(Object.fromEntries(programs.map((program) => [nameOf(program), program.path])), folder);
  const problems = await Promise.all(
    programs.map(async (program) => {
      const { block, path } = program;
      const at = `${block.file}:${block.line}`;
      if (block.next?.info !== 'text') return [`${at}: no text block with the output follows`];
      const compiledFile = join(folder, `${nameOf(program)}.mjs`);
      const { code, stdout, stderr } = await runNode('--enable-source-maps', compiledFile);
      if (code !== 0) return [`${at}: failed: ${stderr.trim().replaceAll(path, block.file)}`];
      if (stdout.trimEnd() === block.next.text.trimEnd()) return [];
      return [`${at}: prints\n${stdout.trimEnd()}\ninstead of\n${block.next.text.trimEnd()}`];
    }),
  );
  return problems.flat();
}

function runNode(...args: string[]): Promise<ProgramResult> {
  return runProgram(process.execPath, args);
}
