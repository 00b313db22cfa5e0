import path from 'node:path';

/** Links between pages that lead nowhere, and what would be asked of another machine: one line each. `files`: all of the site, by name. */
export function faults(files) {
  const ids = new Map();
  for (const [file, html] of files) if (file.endsWith('.html')) ids.set(file, new Set([...html.matchAll(/ (?:id|name)="([^"]*)"/g)].map(([, id]) => id)));
  return [...files].filter(([file]) => file.endsWith('.html')).flatMap(([file, html]) => [...html.matchAll(/<(\w+)\b[^>]*? (href|src|action|srcset|data)="([^"]*)"/g)].flatMap(([, tag, , link]) => {
    if (link.startsWith('data:')) return [];
    if (/^(?:[a-z]+:|\/\/)/.test(link)) return tag === 'a' ? [] : [`${file}: <${tag}> is fetched from ${link}`];
    const [target, id] = link.replaceAll('&amp;', '&').split('#').map(decodeURIComponent);
    const to = target === '' ? file : path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
    if (!files.has(to)) return [`${file}: ${link}: there is no ${to}`];
    return id === undefined || ids.get(to)?.has(id) === true ? [] : [`${file}: ${link}: ${to} has no #${id}`];
  }));
}
