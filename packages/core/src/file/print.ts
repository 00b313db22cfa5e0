import { VimageError } from '../errors.ts';
import { quote } from '../param/text.ts';
import { sections } from '../pairs/sections.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { PlainImage } from './ast.ts';

const named: ReadonlyMap<string, string> = new Map([['\n', '\\n'], ['\t', '\\t'], ['\r', '\\r']]);

/** A word of the file: bare where it can be, else in double quotes. */
export function printWord(text: string): string {
  if (/^[\w.:=@%+,/-]+$/.test(text) && !text.startsWith('//')) return text;
  const escaped = text
    .replace(/["\\$]/g, '\\$&')
    .replace(/[\p{Cc}\p{Surrogate}]/gu, (char) => named.get(char) ?? `\\u{${char.charCodeAt(0).toString(16)}}`);
  return `"${escaped}"`;
}

function printKey(key: string): string {
  return key === 'image' || key === 'include' ? `"${key}"` : printWord(key);
}

/** Images as a file, which reads as the same images. EINVAL: `name` or `parent` among the pairs, an empty key or name. */
export function printFile(images: readonly PlainImage[]): string {
  return images.map((image) => printImage(image, '')).join('\n');
}

function printImage({ name, pairs, children }: PlainImage, indent: string): string {
  if (name === '') throw new VimageError('EINVAL', 'an image without a name cannot be written as a file');
  const inner = `${indent}    `;
  const split = sections(pairs);
  for (const [key] of split.image) {
    if (key === 'name' || key === 'parent') throw new VimageError('EINVAL', `${quote(key)} is said by the shape of a file, not by a pair`, { subject: key });
  }
  const body = [
    printPairs(split.image, inner),
    ...split.sections.map((section) => {
      const head = `${inner}vir ${printWord(section.component)}`;
      return section.pairs.length === 0 ? `${head};\n` : `${head} {\n${printPairs(section.pairs, `${inner}    `)}${inner}}\n`;
    }),
    ...children.map((child) => printImage(child, inner)),
  ].join('');
  return `${indent}image ${printWord(name)} {\n${body}${indent}}\n`;
}

function printPairs(pairs: Pairs, indent: string): string {
  return pairs.map(([key, value]) => {
    if (key === '') throw new VimageError('EINVAL', 'an empty key cannot be written in a file');
    return `${indent}${printKey(key)} ${printWord(value)};\n`;
  }).join('');
}
