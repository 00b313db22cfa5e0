import { spawn, type ChildProcess } from 'node:child_process';
import type { Hold, Snapshot, SpawnRequest, Standing, StoredImage, Substrate } from '@vimage/core';
import { none } from './without-images.ts';

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
    return none('single');
  }

  stage(): never {
    return none('single');
  }

  home(): never {
    return none('single');
  }

  hold(): Hold {
    return none('single');
  }

  isHeld(): boolean {
    return false;
  }

  started(): never {
    return none('single');
  }

  doom(): never {
    return none('single');
  }

  retire(): never {
    return none('single');
  }

  processes(): never {
    return none('single');
  }

  signal(): never {
    return none('single');
  }

  end(): never {
    return none('single');
  }

  emptied(): never {
    return none('single');
  }

  holders(): readonly never[] {
    return [];
  }

  scrap(): never {
    return none('single');
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
