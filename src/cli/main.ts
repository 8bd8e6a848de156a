#!/usr/bin/env node
// The program behind `npx payout-guard`.
import { createInterface } from 'node:readline/promises';
import { runCommand } from './command.js';

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

void runCommand(process.argv.slice(2), {
  env: process.env,
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
  ask,
}).then((code) => {
  process.exitCode = code;
});
