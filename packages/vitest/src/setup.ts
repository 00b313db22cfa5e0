import { inImage } from './in-image.ts';

// For `setupFiles`: every test of every file in an image of its own.
inImage();
