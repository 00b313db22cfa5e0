/** What is searched: each part of a page under a heading, as [address, page, heading, text]. Of the API the names alone. */
export function parts({ file, label, group }, html) {
  const pieces = html.split(/(?=<h[1-4] id=")/);
  return pieces.flatMap((piece) => {
    const [, id, heading] = /^<h[1-4] id="([^"]*)">(.*?)<\/h/s.exec(piece) ?? [];
    if (id === undefined) return [];
    const text = group === 'API' ? '' : strip(piece.replace(/^<h.*?<\/h\d>/s, '')).slice(0, 2000);
    return [[`${file}#${id}`, label, strip(heading), text]];
  });
}

const strip = (html) => html.replace(/<style.*?<\/style>/gs, '').replace(/<[^>]*>/g, ' ').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&').replace(/\s+/g, ' ').trim();
