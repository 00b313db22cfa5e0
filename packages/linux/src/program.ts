import { accessSync, constants } from 'node:fs';

/** The path of a program, looked for in PATH unless it has a slash; undefined where there is none that may be run. */
export function programPath(command: string): string | undefined {
  const places = command.includes('/') ? [command] : (process.env['PATH'] ?? '').split(':').filter((dir) => dir !== '').map((dir) => `${dir}/${command}`);
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
