// Other processes that ask at the same time; started once, because starting costs more than a round.
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** The garbage of one round must not be swept in the next; that nothing is persisted need not be said by each process. */
const flags = ['--expose-gc', '--disable-warning=PAYOUT_GUARD_REDIS'];

export function startChildren(engine, count) {
  const children = Array.from({ length: count }, () => startChild(engine));
  return {
    /** Has all of them do the same; resolves when the last one has done it. */
    all: (method, ...args) => Promise.all(children.map((child) => child.ask({ method, args }))),
    stop: () => Promise.all(children.map((child) => child.stop())),
  };
}

function startChild(engine) {
  const child = fork(new URL('child.mjs', import.meta.url), [engine], { execArgv: flags });
  const exited = once(child, 'exit');
  let asked;
  child.on('message', ({ result, error }) => (error ? asked.reject(new Error(error)) : asked.resolve(result)));
  child.on('exit', () => asked?.reject(new Error('a child process ended')));
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        asked = { resolve, reject };
        child.send(message);
      }),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
