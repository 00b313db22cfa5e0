const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const links = (headings) => headings.map(({ id, text }) => `<a href="#${id}">${escape(text)}</a>`).join(' ');

/** A page with what is on it before its first part, where that is much and the page does not begin with it itself: of the API each name, by kind. */
export function withContents(html, headings, { group }) {
  const parts = headings.filter(({ level }) => level === 2);
  const at = html.indexOf('<h2');
  if (parts.length < (group === 'API' ? 1 : 5) || (html.slice(0, at).match(/href="#/g) ?? []).length >= 5) return html;
  const below = (part) => {
    const from = headings.indexOf(part) + 1;
    const next = headings.findIndex(({ level }, i) => i >= from && level <= 2);
    return headings.slice(from, next < 0 ? undefined : next).filter(({ level }) => level === 3);
  };
  const list = group === 'API' ? parts.map((part) => `<p><b>${links([part])}</b> ${links(below(part))}</p>`).join('\n') : `<p>${links(parts)}</p>`;
  return `${html.slice(0, at)}<details class="contents" open><summary>On this page</summary>\n${list}\n</details>\n${html.slice(at)}`;
}
