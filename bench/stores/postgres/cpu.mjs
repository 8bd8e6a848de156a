// CPU time of the server processes that answer us, where they run on this machine and the kernel tells.
import { readFileSync } from 'node:fs';

/** Microseconds since each began, without the connection that asks; undefined where it cannot be known. */
export async function cpuOf(admin, database) {
  const { rows } = await admin.query(
    'SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [database],
  );
  let all = 0;
  for (const { pid } of rows) {
    const nanoseconds = nanosecondsOf(pid, database);
    if (nanoseconds === undefined) return undefined;
    all += nanoseconds / 1_000;
  }
  return { all };
}

function nanosecondsOf(pid, database) {
  try {
    // Its title names the database: otherwise it is a process of ours that has the number of one on another machine.
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(database)) return undefined;
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  }
}
