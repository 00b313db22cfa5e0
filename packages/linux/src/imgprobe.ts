import { programIn } from './prebuilt.ts';

/** Where imgprobe is, whatever the environment says. */
export const imgprobePath: string = programIn('imgprobe');
