/** Text (without control characters) as content or an attribute of XML, and of what is like it: what XML cannot have is replaced. */
export function escapeXml(text: string): string {
  const special: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[\p{Cs}\ufffe\uffff]/gu, '\ufffd').replace(/[&<>"']/g, (char) => special[char] ?? '');
}
