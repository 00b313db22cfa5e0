import type { Place } from '../errors.ts';
import type { FileImage } from '../file/ast.ts';

/** The file that is read. */
export interface ForeignSource {
  /** Its name: for places, and for what it includes. */
  readonly file: string;
  /** Told of every file that it includes, when that is read. */
  opened(file: string, text: string): void;
}

/** What has become of one parameter of such a file. */
export interface ForeignNote {
  /** Full name of the image. */
  readonly image: string;
  readonly key: string;
  /** `kept`: as it was; `different`: not quite; `none`: nothing here is like it. */
  readonly fate: 'kept' | 'different' | 'none';
  /** In what it differs, or what to do instead, one line; of what is kept, what it is here. */
  readonly text: string;
  readonly place: Place;
}

/** A file of another system as images. */
export interface ForeignFile {
  /** In the order in which they are to be made. */
  readonly images: readonly FileImage[];
  /** One for each parameter, in the order of the file. */
  readonly notes: readonly ForeignNote[];
}
