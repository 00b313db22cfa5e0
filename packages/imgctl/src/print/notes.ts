import { placeText, type ForeignNote } from '@vimage/core';
import { table } from './table.ts';
import type { Style } from './style.ts';

const words: Readonly<Record<ForeignNote['fate'], string>> = { kept: 'kept', different: 'different', none: 'no counterpart' };

/** What is not as the file says, a line for each, with the images that it is of. */
export function noteLines(notes: readonly ForeignNote[]): readonly string[] {
  const groups = new Map<string, ForeignNote[]>();
  for (const note of notes) {
    if (note.fate === 'kept') continue;
    const key = JSON.stringify([note.key, note.fate, note.text]);
    groups.set(key, [...(groups.get(key) ?? []), note]);
  }
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return [];
    const others = more.length > 3 ? `, and ${more.length} more` : more.map(({ image }) => `, ${image}`).join('');
    return [`${placeText(first.place)}: ${first.key}: ${words[first.fate]}: ${first.text} (${first.image}${others})`];
  });
}

/** All of them, as a table. */
export function noteTable(notes: readonly ForeignNote[], paint: (style: Style, text: string) => string, columns?: number): readonly string[] {
  if (notes.length === 0) return [];
  const colour: Readonly<Record<ForeignNote['fate'], Style>> = { kept: 'green', different: 'yellow', none: 'red' };
  return [...table(notes, [
    { head: 'IMAGE', of: ({ image }) => image },
    { head: 'PARAMETER', of: ({ key }) => key },
    { head: 'HERE', of: ({ fate }) => words[fate], paint: (text, { fate }) => paint(colour[fate], text) },
    { head: 'WHAT', of: ({ text }) => text },
  ], { paintHead: (head) => paint('dim', head), columns }), ''];
}
