import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { Random } from '../random.ts';
import type { Log } from './log.ts';
import { writeWhole } from './write-whole.ts';

const KEY_BYTES = 32;
const OTHERS = 0o077; // rights of group and others

interface KeyPlace { readonly dataDir: string; readonly random: Random; readonly log: Log }

/** The key in `<dataDir>/secret.key`. Made at first use; a file that others may read is closed to them, and the log says so. */
export function loadKeyFile(place: KeyPlace): Buffer {
  const file = join(place.dataDir, 'secret.key');
  try {
    return keyIn(file, place.log) ?? makeKey(file, place);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('secret.key-invalid', { en: `reading the key file ${file}: ${reason}`, ru: `чтение файла ключа ${file}: ${reason}` }, { details: { file }, cause: error });
  }
}

/** 32 bytes written in hex or base64; undefined for anything else. */
export function parseKey(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return undefined;
}

function keyIn(file: string, log: Log): Buffer | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (process.platform !== 'win32' && (found.mode & OTHERS) !== 0) {
    chmodSync(file, 0o600);
    log('warn', `the key file ${file} could be read by other users of this machine; its mode is 600 now`, { file });
  }
  const key = parseKey(readFileSync(file, 'utf8').trim());
  if (!key) {
    throw new Failure('secret.key-invalid', {
      en: `reading the key file ${file}: it does not hold a key of ${KEY_BYTES} bytes; restore it from a backup`,
      ru: `чтение файла ключа ${file}: в нём нет ключа из ${KEY_BYTES} байт; восстановите его из копии`,
    }, { details: { file } });
  }
  return key;
}

function makeKey(file: string, { dataDir, random, log }: KeyPlace): Buffer {
  const key = Buffer.from(random.bytes(KEY_BYTES));
  makeFolder(dataDir);
  writeWhole(file, `${key.toString('base64')}\n`, { mode: 0o600 });
  log('info', `made the key for secrets: ${file}; back it up with the data folder`, { file });
  return key;
}
