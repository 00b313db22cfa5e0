// Markdown as GitHub shows it: the same anchors, and links to files.
import GithubSlugger from 'github-slugger';
import MarkdownIt from 'markdown-it';

const md = new MarkdownIt({ html: true, linkify: false });
const escape = md.utils.escapeHtml;

md.core.ruler.push('anchors', (state) => {
  const slugs = new GithubSlugger();
  for (const [i, token] of state.tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const text = plain(state.tokens[i + 1]);
    // An anchor that stands before it, as TypeDoc writes them, is its.
    const before = [state.tokens[i - 1], state.tokens[i - 2]].find((each) => /^<a id="[^"]+"><\/a>\s*$/.test(each?.content ?? ''));
    const own = slugs.slug(text);
    token.attrSet('id', before === undefined ? own : /"([^"]+)"/.exec(before.content)[1]);
    if (before !== undefined) Object.assign(before, { content: '', children: [] });
    state.env.headings.push({ level: Number(token.tag.slice(1)), id: token.attrGet('id'), text });
  }
});

const plain = (inline) => (inline.children ?? []).map(({ type, content }) => (type === 'text' || type === 'code_inline' ? content : type === 'softbreak' ? ' ' : '')).join('');

md.renderer.rules.fence = (tokens, i) => {
  const { info, content } = tokens[i];
  const [language = '', ...words] = info.trim().split(/\s+/);
  const file = words.find((word) => word.startsWith('file='))?.slice('file='.length);
  const caption = file === undefined ? '' : `<figcaption>${escape(file)}</figcaption>`;
  const lines = escape(content.replace(/\n$/, ''));
  // What is typed stands out from what is printed.
  const code = language === 'console' ? lines.replace(/^([#$]) (.*)$/gm, '<span class="prompt">$1</span> <b>$2</b>') : lines;
  return `<figure>${caption}<pre tabindex="0"><code>${code}</code></pre></figure>\n`;
};
md.renderer.rules.table_open = () => '<div class="wide" tabindex="0" role="region" aria-label="table"><table>\n';
md.renderer.rules.table_close = () => '</table></div>\n';

/** HTML of a page, and its headings. `href` says where a link leads; undefined: nowhere on this site, its text stays. */
export function render(text, href) {
  const env = { headings: [] };
  const tokens = md.parse(text, env);
  for (const { children } of tokens) {
    const open = [];
    for (const token of children ?? []) {
      if (token.type === 'link_open') {
        const to = href(token.attrGet('href'));
        if (to === undefined) Object.assign(token, { tag: 'span', attrs: [] });
        else token.attrSet('href', to);
        open.push(token.tag);
      } else if (token.type === 'link_close') token.tag = open.pop();
    }
  }
  return { html: md.renderer.render(tokens, md.options, env), headings: env.headings };
}

/** A table in Markdown. */
export function tableOf(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A span of code in Markdown; nothing for nothing. */
export const code = (text) => (text === '' ? '' : /`/.test(text) ? `\`\` ${text} \`\`` : `\`${text}\``);
