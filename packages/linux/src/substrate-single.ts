import { spawn, type ChildProcess } from 'node:child_process';
import { VimageError } from '@vimage/core';
import type { Hold, Snapshot, SpawnRequest, Standing, StoredImage, Substrate } from '@vimage/core';

/** In the single build, the machine as it is, whatever system it has: programs are started on it, and nothing else is done. EOPNOTSUPP for what would make an image. */
export class LinuxSubstrate implements Substrate {
  readonly name = 'single';

  open(): Standing {
    return { cimg: undefined };
  }

  lock(): AsyncDisposable {
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  load(): Snapshot {
    return { generation: '', images: [], damaged: [] };
  }

  serial(): never {
    return none();
  }

  stage(): never {
    return none();
  }

  home(): never {
    return none();
  }

  hold(): Hold {
    return none();
  }

  isHeld(): boolean {
    return false;
  }

  started(): never {
    return none();
  }

  doom(): never {
    return none();
  }

  retire(): never {
    return none();
  }

  processes(): never {
    return none();
  }

  signal(): never {
    return none();
  }

  end(): never {
    return none();
  }

  emptied(): never {
    return none();
  }

  holders(): readonly never[] {
    return [];
  }

  scrap(): never {
    return none();
  }

  gc(): readonly string[] {
    return [];
  }

  /** As child_process has it. EOPNOTSUPP where that has no such thing: another user by name, a terminal, an end with its parent, a descriptor to report to. */
  spawn(_image: StoredImage, request: SpawnRequest): ChildProcess {
    const { command, args, cwd, env, cleanEnv = false, detach = false, stdio = 'pipe' } = request;
    for (const word of ['user', 'tty', 'dieWithParent', 'report'] as const) {
      if (request[word] !== undefined && request[word] !== false) none(word);
    }
    return spawn(command, [...args], { env: { ...(cleanEnv ? {} : process.env), ...env }, detached: detach, stdio, ...(cwd === undefined ? {} : { cwd }) });
  }

  watch(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  close(): void {}
}

/** The substrate of the single build: no Linux in it, and images neither. */
export function linux(): LinuxSubstrate {
  return new LinuxSubstrate();
}

/** EOPNOTSUPP. */
export function none(subject = 'single'): never {
  throw new VimageError('EOPNOTSUPP', 'this program was built without images (vimage-single)', {
    subject, hint: 'build it without the condition vimage-single, and run it on Linux',
  });
}
