import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs a program to its end. @throws with its output when it fails or hangs.
 *
 * @param hangsAfterMs - Far longer than it takes, on a busy machine too.
 */
export async function run(program, args, { cwd, env = {}, hangsAfterMs = 120_000 } = {}) {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, hangsAfterMs);
  const ended = once(child, 'close').finally(() => clearTimeout(timer));
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code === 0) return { stdout, stderr };
  const why = hangs ? `no end within ${hangsAfterMs} ms` : `failed with code ${code}`;
  throw new Error(`${program} ${args.join(' ')}: ${why}\n${stdout}\n${stderr}`);
}
