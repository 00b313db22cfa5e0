/** Colours by class, for paper that is light and for paper that is dark. */
const light = { paper: '#ffffff', ink: '#1f2328', dim: '#5f6b7a', line: '#8b95a1', box: '#f6f8fa', odd: '#9a5b00', bad: '#c4231c', hues: ['#1d5fd0', '#b4450f', '#0d766c', '#8a35c9', '#b5174a', '#4c7a0c'] } as const;
const dark = { paper: '#0d1117', ink: '#e6edf3', dim: '#98a3b0', line: '#6e7985', box: '#161b22', odd: '#e3a13b', bad: '#ff7b72', hues: ['#6ea8ff', '#f0883e', '#3fc8b9', '#c893ff', '#ff7aa2', '#9bcf4a'] } as const;

function colours({ paper, ink, dim, line, box, odd, bad, hues }: typeof light | typeof dark): string {
  return [
    `.paper{fill:${paper}}.halo{stroke:${paper}}.text,.title{fill:${ink}}.dim{fill:${dim}}.odd{fill:${odd}}`,
    `.box,.instance{fill:${box};stroke:${line}}.box.odd,.instance.odd{fill:${box};stroke:${odd}}.box.bad{fill:${box};stroke:${bad}}`,
    `.tree,.way{stroke:${line}}.head{fill:${line}}.open{stroke:${line}}`,
    ...hues.map((hue, i) => `.way.h${i}{stroke:${hue}}.head.h${i}{fill:${hue}}`),
  ].join('');
}

/** The style sheet of the picture. */
export const svgStyle: string = [
  'text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}.title{font-weight:bold}',
  '.tree,.way,.halo,.open{fill:none}.box.odd,.box.bad,.instance.odd{stroke-dasharray:5 3}',
  '.tree,.way,.open{stroke-width:1.2}.share{stroke-width:2.2}.inherit{stroke-dasharray:2 4}.halo{stroke-width:6}',
  colours(light),
  `@media (prefers-color-scheme:dark){${colours(dark)}}`,
].join('');
