import { codeOf, VimageError } from '../errors.ts';
import { quote } from '../param/text.ts';
import type { Awaitable } from '../scope.ts';
import { evaluateFile, type IncludeRequest } from './evaluate.ts';
import type { FileImage } from './ast.ts';

export interface FileOptions {
  /** The file's path: for messages, and what `include` is relative to. */
  readonly file?: string;
  /** Reads an included file. Without it, `include` is EOPNOTSUPP. */
  readonly read?: (path: string) => Awaitable<string>;
  /** Filled with the text of every file that was read, by path, for {@link renderError}. */
  readonly sources?: Map<string, string>;
}

/**
 * Reads a file's text into its images; nothing is known here about what the keys mean. Total on any text, in linear time.
 * EINVAL with file, line and column; EEXIST (one name twice), ELOOP (circular includes), E2BIG (4 MiB, 64 levels and other
 * bounds), and the reader's own code where a file cannot be read.
 */
export async function parseFile(source: string, options: FileOptions = {}): Promise<readonly FileImage[]> {
  note(options, options.file, source);
  const steps = evaluateFile(source, options.file);
  let step = steps.next();
  while (step.done !== true) {
    const text = await readInclude(step.value, options);
    note(options, step.value.path, text);
    step = steps.next(text);
  }
  return step.value;
}

/** {@link parseFile} of a text that includes nothing. EOPNOTSUPP: it does. */
export function parseText(source: string, file?: string): readonly FileImage[] {
  const step = evaluateFile(source, file).next();
  if (step.done !== true) throw noReader(step.value);
  return step.value;
}

function note({ sources }: FileOptions, path: string | undefined, text: string): void {
  if (path !== undefined) sources?.set(path, text);
}

function noReader({ path, place }: IncludeRequest): VimageError {
  return new VimageError('EOPNOTSUPP', `nothing can be included here: ${quote(path)}`, { subject: path, place });
}

async function readInclude(request: IncludeRequest, { read }: FileOptions): Promise<string> {
  const { path, place } = request;
  if (read === undefined) throw noReader(request);
  try {
    return await read(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VimageError(codeOf(cause) ?? 'EIO', `cannot read ${quote(path)}: ${why}`, { subject: path, place, cause });
  }
}
