import { fileURLToPath } from 'node:url';

/** Where imgprobe is: in this package, whatever the environment says. */
export const imgprobePath: string = fileURLToPath(new URL('../dist/imgprobe', import.meta.url));
