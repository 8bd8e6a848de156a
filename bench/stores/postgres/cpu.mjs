// CPU time of the PostgreSQL server processes, where they run on this machine and /proc is readable.
import { readFileSync } from 'node:fs';

/** Microseconds since each process began, without the admin connection; undefined where they are not available. */
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
    // The title names the database. Without it, the process is an unrelated one: the server runs on another machine.
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(database)) return undefined;
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  }
}
