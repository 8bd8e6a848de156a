// Files that only their owner may read, and that replace no other file.
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { UsageError } from './usage.js';

/** A file that was reserved before there was anything to write, so that writing cannot fail when it matters. */
export interface SecretFile {
  /** Writes the secret and a line break, and waits until they are on the disk. */
  write(secret: string): Promise<void>;
  /** Removes the file again. */
  abandon(): Promise<void>;
}

/** Longest secret that is written, in bytes. */
const reservedBytes = 4_096;

/**
 * Makes a file of mode 0600 with room for a secret.
 * @throws {@link UsageError} when there is one, or it cannot be made.
 */
export async function reserveSecretFile(option: string, path: string): Promise<SecretFile> {
  const file = await openNew(option, path);
  await file.write(Buffer.alloc(reservedBytes, '\n'), 0, reservedBytes, 0);
  await file.sync();
  return {
    write: async (secret) => {
      const bytes = Buffer.from(`${secret}\n`);
      await file.write(bytes, 0, bytes.length, 0);
      await file.truncate(bytes.length);
      await file.sync();
      await file.close();
    },
    abandon: async () => {
      await file.close();
      await unlink(path);
    },
  };
}

async function openNew(option: string, path: string): Promise<FileHandle> {
  try {
    // Exclusive: neither a file nor a link that is there is followed or replaced.
    return await open(path, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'EEXIST'
        ? `--${option}: there is such a file already, and it is not replaced`
        : `--${option}: the file cannot be made (${code})`,
    );
  }
}
