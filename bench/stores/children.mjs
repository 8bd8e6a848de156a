// Other processes that call the store at the same time. They start once, because a start takes longer than a round.
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A round starts with a garbage collection. The warning about missing persistence would repeat in each process. */
const flags = ['--expose-gc', '--disable-warning=PAYOUT_GUARD_REDIS'];

export function startChildren(engine, count) {
  const children = Array.from({ length: count }, () => startChild(engine));
  return {
    /** Runs the method in all of them and resolves when the last one is done. */
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
