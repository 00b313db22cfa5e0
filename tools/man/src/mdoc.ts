/** Text for a line of its own, or within one: nothing in it is taken for markup. */
export function text(plain: string): string {
  return plain.replaceAll('\\', '\\e').replace(/^(?=[.'])/gm, '\\&');
}

/** An argument of a macro: one word, and not the name of a macro. */
export function word(plain: string): string {
  const escaped = plain.replaceAll('\\', '\\e').replaceAll('"', '\\(dq');
  const safe = /^[A-Z][A-Za-z0-9]{1,2}$|^[.,:;()[\]?!|]/.test(escaped) ? `\\&${escaped}` : escaped;
  return /\s/.test(safe) || safe === '' ? `"${safe}"` : safe;
}

/** A paragraph, each sentence from the start of a line, as mdoc has it. */
export function paragraph(plain: string): readonly string[] {
  return plain.split(/(?<=[.;:]) (?=[A-Z"])/).map(text);
}

/** What is declared without a capital and a full stop, with both. */
export function sentence(plain: string): readonly string[] {
  return paragraph(`${plain[0]?.toUpperCase() ?? ''}${plain.slice(1)}.`);
}

export interface Item {
  /** What stands after `.It`. */
  readonly head: string;
  /** Lines. */
  readonly body: readonly string[];
}

/** Terms and what they mean. Empty where there are none. */
export function list(items: readonly Item[], indent = 'Ds'): readonly string[] {
  if (items.length === 0) return [];
  return [`.Bl -tag -width ${indent}`, ...items.flatMap(({ head, body }) => [`.It ${head}`, ...body]), '.El'];
}

/** What is typed or printed, as it is. */
export function literal(lines: readonly string[]): readonly string[] {
  return ['.Bd -literal -offset indent', ...lines.map((line) => text(line)), '.Ed'];
}

/** Flags as commander writes them, `-g, --grace <seconds>`, as imgexec does, `-u USER[:GROUP]`. */
export function flags(written: string): string {
  return written.split(', ').map((each) => {
    const [, name = '', value] = /^-(\S+)(?: (.*))?$/.exec(each) ?? [];
    return `Fl ${word(name)}${value === undefined ? '' : ` Ar ${value.replace(/[<>]/g, '').split(' ').map(word).join(' ')}`}`;
  }).join(' , ');
}

/** An operand of a usage line: `<pairs...>`, `[image]`. */
export function operand(written: string): string {
  const name = written.replace(/^[<[]|[>\]]$/g, '').replace(/\.\.\.$/, ' ...');
  return written.startsWith('[') ? `Op Ar ${name}` : `Ar ${name}`;
}
