// The public surface of a package, read from its declarations by the API of TypeScript 5.9.
import { relative, resolve, sep } from 'node:path';
import ts from 'typescript-5.9';

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/** Collects declarations: those with a name in an entry point, and those that they mention. */
export class Surface {
  #checker;
  #folder;
  /** Entry point and name of each exported symbol. */
  #exported = new Map();
  #mentioned = new Set();

  /** @param folder - The folder of the package's declarations; those of other packages are left out. */
  constructor(checker, folder) {
    this.#checker = checker;
    this.#folder = folder;
  }

  entry(name, exports) {
    const parts = [...exports].sort((a, b) => compare(a.name, b.name)).map((symbol) => this.#export(name, symbol));
    return block(name, parts);
  }

  /** The types that an export mentions and no entry point exports, by file. */
  others() {
    const byModule = new Map();
    // The set grows while its members mention others.
    for (const symbol of this.#mentioned) {
      if (this.#exported.has(symbol)) continue;
      const module = this.#moduleOf(symbol);
      byModule.set(module, [...(byModule.get(module) ?? []), [symbol.name, this.#print(symbol)]]);
    }
    return [...byModule]
      .sort(([a], [b]) => compare(a, b))
      .map(([module, parts]) => {
        const sorted = parts.sort(([a], [b]) => compare(a, b)).map(([, part]) => part);
        return block(`payout-guard (not exported): ${module}`, sorted);
      });
  }

  #export(entry, exported) {
    const symbol = this.#target(exported);
    const known = this.#exported.get(symbol);
    if (known) return `export { ${renamed(known.name, exported.name)} } from '${known.entry}';`;
    if (!this.#isOurs(symbol)) throw new Error(`${entry}: ${exported.name} has no declaration of this package`);
    this.#exported.set(symbol, { entry, name: exported.name });
    const text = this.#print(symbol);
    return exported.name === symbol.name ? text : `${text}\nexport { ${renamed(symbol.name, exported.name)} };`;
  }

  #print(symbol) {
    return symbol.declarations
      .map((declaration) => {
        const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
        this.#visit(node);
        const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
        // It stands in a block that is declared already.
        return text.replace(/^(export )?declare /, '$1');
      })
      .join('\n');
  }

  #visit(node) {
    if (ts.isIdentifier(node)) {
      const symbol = this.#checker.getSymbolAtLocation(node);
      const target = symbol && this.#target(symbol);
      if (target && this.#isOurs(target) && target.declarations.some(isTopLevel)) this.#mentioned.add(target);
    }
    ts.forEachChild(node, (child) => this.#visit(child));
  }

  #isOurs(symbol) {
    const [first] = symbol.declarations ?? [];
    return first !== undefined && resolve(first.getSourceFile().fileName).startsWith(this.#folder + sep);
  }

  #moduleOf(symbol) {
    const path = relative(this.#folder, resolve(symbol.declarations[0].getSourceFile().fileName));
    return path.replaceAll(sep, '/').replace(/\.d\.ts$/, '');
  }

  #target(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }
}

function isTopLevel(declaration) {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(node.parent) && !ts.isImportDeclaration(node);
}

function renamed(from, to) {
  return from === to ? to : `${from} as ${to}`;
}

function block(name, parts) {
  const lines = parts.join('\n').split('\n');
  return [`declare module '${name}' {`, ...lines.map((line) => line && `  ${line}`), '}'].join('\n');
}

/** The order of code units, which is the same on every machine. */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
