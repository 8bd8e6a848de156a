// Requirements of code that users copy. A payout without one of them loses money sooner or later.

interface Rule {
  readonly rule: string;
  /** The unsafe parts of the code; empty when there are none. */
  readonly find: (code: string) => string[];
}

const rules: readonly Rule[] = [
  {
    rule: 'a database client has an error listener, because its error would end the process',
    find: (code) => {
      const made =
        /(?:(?:const|let)\s+(\w+)\s*=\s*(?:await\s+)?)?(?:new (?:\w+\.)?(?:Redis|Pool|Client)\(|\bcreateClient\()/g;
      return found(code, made, ({ 1: name }) => !name || !new RegExp(`\\b${name}\\.on\\(\\s*'error'`).test(code));
    },
  },
  {
    rule: 'a payment function takes its hold and sends the reference of it',
    find: (code) => {
      const without = /(?:\bwithHold\((?:[^()]|\([^()]*\))*?,|[.\s(]pay\()\s*(?:async\s*)?\(\s*\)\s*=>/g;
      const payments = /\bwithHold\(|\bpay\(\s*(?:async\s*)?\(/g;
      return found(code, /\breference\b/.test(code) ? without : payments);
    },
  },
  {
    rule: 'a reference from a request carries the tenant, and a missing key stays missing',
    find: (code) =>
      found(
        code,
        /\bget\('Idempotency-Key'\)/gi,
        () => !/\bkey && `\$\{(?:req\.)?tenant\.id\}[:._]\$\{key\}`/.test(code),
      ),
  },
  {
    rule: 'a wallet never comes from what a client sent',
    find: (code) => found(code, /\bwallet: \(\w+[^)]*\) =>[^,\n]*\.(?:body|query|params|headers|get\()/g),
  },
  {
    rule: 'a call that only advises is marked as advice beside it',
    find: (code) =>
      found(code, /\b(?:assertSufficientFunds|checkFunds)\(|\bmode: 'check'/g, ({ index }) => {
        const lines = code.slice(0, index).split('\n');
        const line = code.slice(index).split('\n', 1)[0];
        return !/\badvice\b/i.test([...lines.slice(-3), line].join('\n'));
      }),
  },
  {
    rule: 'a handler passes its rejections on, which Express 4 does not do by itself',
    find: (code) =>
      found(
        code,
        /(\w+\(\s*)?\basync \((\w+), (\w+)(?:, (\w+))?\) =>/g,
        ({ 1: around = '', 2: first = '', 4: third }) => {
          const isHandler = /^_?req$/.test(first) && third !== 'pay';
          return isHandler && !/^route\(/.test(around);
        },
      ),
  },
  {
    rule: 'a service stops in order: server, guard, store, database client',
    find: (code) => {
      const steps = [
        /\bserver\??\.close\(/,
        /\bguard\.close\(/,
        /\bstore\??\.close\(/,
        /\b(?:redis|pool|client)\??\.(?:quit|end)\(/,
      ];
      const places = steps.map((step) => code.search(step)).filter((place) => place >= 0);
      return places.every((place, index) => index === 0 || place > Number(places[index - 1])) ? [] : ['close()'];
    },
  },
];

/** Everything in a piece of code that is not safe to copy, as `line: problem`, with the rule. */
export function unsafeIn(code: string): string[] {
  return rules.flatMap(({ rule, find }) => find(code).map((what) => `${what}: ${rule}`));
}

function found(code: string, pattern: RegExp, isWrong: (match: RegExpExecArray) => boolean = () => true): string[] {
  return [...code.matchAll(pattern)]
    .filter(isWrong)
    .map(({ 0: text, index }) => `line ${code.slice(0, index).split('\n').length}, ${text.trim().split('\n')[0]}`);
}
