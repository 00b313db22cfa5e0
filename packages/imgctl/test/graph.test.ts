import type { ImageInfo, SlotInfo } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { dotGraph } from '../src/graph/dot.ts';
import { jsonGraph } from '../src/graph/json.ts';
import { layoutOf } from '../src/graph/layout.ts';
import { mermaidGraph } from '../src/graph/mermaid.ts';
import { graphOf, imagesOf } from '../src/graph/model.ts';
import { svgGraph } from '../src/graph/svg.ts';
import { textGraph } from '../src/graph/text.ts';

const plain = (_style: string, text: string): string => text;

function image(name: string, slots: readonly (readonly [component: string, kind: SlotInfo['kind'], owner: string, gone?: string])[], more: Partial<ImageInfo> = {}): ImageInfo {
  const cut = name.lastIndexOf('.');
  return {
    name, serial: name, parent: cut < 0 ? '.' : name.slice(0, cut), depth: name.split('.').length, state: 'live', persist: true, address: '',
    slots: slots.map(([component, kind, owner, gone]) => ({ component, kind, owner, ...(gone === undefined ? {} : { gone }) })), ...more,
  };
}

const farm = [
  image('a', [['stack', 'share', 'lab.x'], ['disk', 'inherit', 'img0']]),
  image('b', [['stack', 'share', 'old', '7'], ['disk', 'own', 'b']]),
  image('lab', [['stack', 'own', 'lab'], ['disk', 'own', 'lab']]),
  image('lab.x', [['stack', 'own', 'lab.x'], ['disk', 'inherit', 'lab']], { state: 'removing' }),
  image('broken', [], { state: 'damaged', serial: '', error: 'its plan cannot be read' }),
  image('old', [], { state: 'dying', serial: '7' }),
];

const lines = (images: readonly ImageInfo[], below?: string, columns = 80, utf8 = true): readonly string[] => textGraph(graphOf(images, below), { columns, all: false, utf8, paint: plain });

describe('the text', () => {
  it('draws a tree, what is shared, inherited, removed and damaged', () => {
    expect(lines(farm)).toEqual([
      '.',
      '├─┌ a ────────────────────────────┐',
      '│ │ stack  shared with lab.x      ├─┐',
      '│ │ of img0: disk                 │ │',
      '│ └───────────────────────────────┘ │',
      '├─┌ b ────────────────────────────┐ │',
      '│ │ stack  shared with old (gone) ├─│─┐',
      '│ │ disk   own                    ├─│─│────▶ disk of b',
      '│ └───────────────────────────────┘ │ │',
      '├─┌ lab ──────────────────────────┐ │ │',
      '│ │ stack  own                    ├─│─│────▶ stack of lab',
      '│ │ disk   own                    ├─│─│─┬──▶ disk of lab',
      '│ └┬──────────────────────────────┘ │ │ │',
      '│  └─┌ lab.x · removing ──────────┐ │ │ │',
      '│    │ stack  own                 ├─┴─│─│──▶ stack of lab.x',
      '│    │ disk   inherited from lab  ├┄┄┄│┄┘',
      '│    └────────────────────────────┘   │',
      '├─┌ broken · damaged ─────────────┐   │',
      '│ │ its plan cannot be read       │   │',
      '│ └───────────────────────────────┘   │',
      '└─┌ old · dying ──────────────────┐   │',
      '  │ stack  own                    ├───┴────▶ stack of old (gone)',
      '  └───────────────────────────────┘',
    ]);
  });

  it('draws one image and what is in it; what others made is named, and drawn once', () => {
    expect(lines(farm, 'lab')).toEqual([
      '┌ lab ─────────────────────────┐',
      '│ stack  own                   ├────▶ stack of lab',
      '│ disk   own                   ├─┬──▶ disk of lab',
      '└┬─────────────────────────────┘ │',
      ' └─┌ lab.x · removing ─────────┐ │',
      '   │ stack  own                ├─│──▶ stack of lab.x',
      '   │ disk   inherited from lab ├┄┘',
      '   └───────────────────────────┘',
    ]);
    expect(lines(farm, 'a')).toEqual([
      '┌ a ───────────────────────┐',
      '│ stack  shared with lab.x ├──▶ stack of lab.x',
      '│ of img0: disk            │',
      '└──────────────────────────┘',
    ]);
  });

  it('can do without characters beyond ASCII', () => {
    expect(lines(farm.slice(0, 3), undefined, 80, false)).toEqual([
      '.',
      "|-. a ----------------------------.",
      '| | stack  shared with lab.x      |--> stack of lab.x',
      '| | of img0: disk                 |',
      "| `-------------------------------'",
      '|-. b ----------------------------.',
      '| | stack  shared with old (gone) |--> stack of old (gone)',
      '| | disk   own                    |--> disk of b',
      "| `-------------------------------'",
      '`-. lab --------------------------.',
      '  | stack  own                    |--> stack of lab',
      '  | disk   own                    |--> disk of lab',
      "  `-------------------------------'",
    ]);
  });

  it('has a row for each slot where all are asked for', () => {
    expect(textGraph(graphOf(farm.slice(0, 1)), { columns: 80, all: true, utf8: true, paint: plain })[3]).toBe('  │ disk   inherited from img0 │');
  });

  it('fits, however many and whatever their names: what has no room of its own is cut, or named at each arrow', () => {
    const long = 'x'.repeat(63);
    const many = [
      ...Array.from({ length: 12 }, (_, i) => image(`a${i}`, [['stack', 'own', `a${i}`]])),
      image('z', []),
      ...Array.from({ length: 12 }, (_, i) => image(`z.b${i}`, [['stack', 'share', `a${i}`]])),
      image(long, [['stack', 'own', long]]),
      image(`${long}.${long}`, [['stack', 'inherit', long]]),
    ];
    const drawn = lines(many);
    expect(Math.max(...drawn.map((line) => [...line].length))).toBe(80);
    expect(drawn.filter((line) => line.includes('▶ stack of a'))).toHaveLength(12);
    expect(drawn.filter((line) => line.includes('▷ stack of a'))).toHaveLength(6);
    expect(drawn.some((line) => line.includes('┌ …xxx'))).toBe(true);
  });

  it('is painted by what things are', () => {
    const styled = textGraph(graphOf(farm), { columns: 80, all: false, utf8: true, paint: (style, text) => (text.trim() === '' ? text : `<${style} ${text.trim()}>`) });
    const shown = styled.join('\n');
    for (const each of ['<bold lab>', '<yellow lab.x · removing>', '<red broken · damaged>', '<green disk of lab>', '<yellow stack of old (gone)>', '<cyan stack  shared with lab.x>']) expect(shown).toContain(each);
  });
});

describe('the model', () => {
  it('keeps what has one name apart, and finds what is shared inside', () => {
    const drawn = graphOf([
      image('a', [['stack', 'share', 'old', '7']]), image('b', [['stack', 'share', 'old', '8']]), image('c', [['stack', 'share', 'old']]), image('old', [['stack', 'own', 'old']]),
      image('lab', []), image('lab.in', [['stack', 'own', 'lab.in']], { state: 'inside' }), image('lab.to', [['stack', 'share', 'in']], { state: 'inside' }),
      image('old', [], { state: 'dying', serial: '7' }), image('old', [], { state: 'dying', serial: '8' }),
    ]);
    expect(imagesOf(drawn.tops).map(({ id, slots }) => [id, ...slots.map(({ instance }) => instance.id)])).toEqual([
      ['a', 'stack@old#7'], ['b', 'stack@old#8'], ['c', 'stack@old'], ['old', 'stack@old'], ['lab'], ['lab.in', 'stack@lab.in'], ['lab.to', 'stack@lab.in'],
      ['old#7', 'stack@old#7'], ['old#8', 'stack@old#8'],
    ]);
  });

  it('is nodes and edges for programs', () => {
    expect(jsonGraph(graphOf(farm.slice(0, 4), 'lab'))).toEqual({
      nodes: [
        { id: 'lab', kind: 'image', name: 'lab', state: 'live' },
        { id: 'lab.x', kind: 'image', name: 'lab.x', state: 'removing' },
        { id: 'stack@lab', kind: 'instance', component: 'stack', owner: 'lab' },
        { id: 'disk@lab', kind: 'instance', component: 'disk', owner: 'lab' },
        { id: 'stack@lab.x', kind: 'instance', component: 'stack', owner: 'lab.x' },
      ],
      edges: [
        { from: 'lab', to: 'lab.x', kind: 'child' },
        { from: 'lab', to: 'stack@lab', kind: 'own', component: 'stack' },
        { from: 'lab', to: 'disk@lab', kind: 'own', component: 'disk' },
        { from: 'lab.x', to: 'stack@lab.x', kind: 'own', component: 'stack' },
        { from: 'lab.x', to: 'disk@lab', kind: 'inherit', component: 'disk' },
      ],
    });
    expect(jsonGraph(graphOf(farm)).nodes).toContainEqual({ id: 'broken', kind: 'image', name: 'broken', state: 'damaged', error: 'its plan cannot be read' });
    expect(jsonGraph(graphOf([]))).toEqual({ nodes: [{ id: '.', kind: 'image', name: '.', state: 'live' }], edges: [] });
  });
});

describe('for other programs', () => {
  const some = graphOf(farm.slice(0, 4), 'lab');

  it('Mermaid', () => {
    expect(mermaidGraph(some, false)).toEqual([
      'flowchart LR',
      '  i1["<b>lab</b><br>stack: own<br>disk: own"]',
      '  i2["<b>lab.x - removing</b><br>stack: own<br>disk: inherited from lab"]:::odd',
      '  n1(["stack of lab"])',
      '  n2(["disk of lab"])',
      '  n3(["stack of lab.x"])',
      '  i1 --- i2',
      '  i1 --> n1',
      '  i1 --> n2',
      '  i2 --> n3',
      '  i2 -.-> n2',
      '  classDef odd stroke:#b45309,stroke-width:2px',
      '  classDef bad stroke:#dc2626,stroke-width:2px',
    ]);
    expect(mermaidGraph(graphOf(farm), false)).toContain('  i1 ==> n1');
  });

  it('Graphviz', () => {
    expect(dotGraph(some, false)).toEqual([
      'digraph images {',
      '  graph [rankdir=LR, charset="UTF-8"];',
      '  node [shape=plain, fontname="monospace"];',
      '  i1 [label=<<table border="1" cellborder="0" cellspacing="0"><tr><td port="t" align="left"><b>lab</b></td></tr><tr><td port="s0" align="left">stack: own</td></tr><tr><td port="s1" align="left">disk: own</td></tr></table>>];',
      '  i2 [label=<<table border="1" cellborder="0" cellspacing="0" color="#b45309"><tr><td port="t" align="left"><b>lab.x - removing</b></td></tr><tr><td port="s0" align="left">stack: own</td></tr><tr><td port="s1" align="left">disk: inherited from lab</td></tr></table>>];',
      '  subgraph instances {',
      '    rank=max; node [shape=box, style=rounded];',
      '    n1 [label=<stack of lab>];',
      '    n2 [label=<disk of lab>];',
      '    n3 [label=<stack of lab.x>];',
      '  }',
      '  i1 -> i2:t [arrowhead=none];',
      '  i1:s0:e -> n1;',
      '  i1:s1:e -> n2;',
      '  i2:s0:e -> n3;',
      '  i2:s1:e -> n2 [style=dotted];',
      '}',
    ]);
    expect(dotGraph(graphOf(farm), false)).toContain('  i1:s0:e -> n1 [style=bold];');
  });

  it('SVG', () => {
    const svg = svgGraph(graphOf(farm.slice(0, 1)), false);
    expect(svg.filter((line) => !line.startsWith('<style>'))).toEqual([
      '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="172" viewBox="0 0 420 172" role="img">',
      '<title>Images, their slots, and what stands in them</title>',
      '<rect class="paper" width="420" height="172"/>',
      '<text x="16" y="30" class="title" xml:space="preserve">.</text>',
      '<path d="M20 32V40Q20 46 26 46H31" class="tree"/>',
      '<path d="M233.5 66H256.5" class="way share"/>',
      '<path d="M262.5 66l-7 -4v8z" class="head"/>',
      '<g><title>a: live</title>',
      '<rect class="box" x="31" y="33" width="202.5" height="66" rx="5"/>',
      '<text x="38.5" y="50" class="title" xml:space="preserve">a</text>',
      '<text x="38.5" y="70" class="text" xml:space="preserve">stack  shared with lab.x</text>',
      '<text x="38.5" y="90" class="dim" xml:space="preserve">of img0: disk</text>',
      '</g>',
      '<rect class="instance" x="263.5" y="58" width="120" height="16" rx="8"/>',
      '<text x="271" y="70" class="text" xml:space="preserve">stack of lab.x</text>',
      '<path d="M16 136h28" class="way own"/>',
      '<path d="M50 136l-7 -4v8z" class="head"/>',
      '<text x="58" y="140" class="dim" xml:space="preserve">own</text>',
      '<path d="M146 136h28" class="way share"/>',
      '<path d="M180 136l-7 -4v8z" class="head"/>',
      '<text x="188" y="140" class="dim" xml:space="preserve">shared</text>',
      '<path d="M276 136h28" class="way inherit"/>',
      '<path d="M310 136l-7 -4v8z" class="head"/>',
      '<text x="318" y="140" class="dim" xml:space="preserve">inherited</text>',
      '</svg>',
    ]);
    expect(svg.find((line) => line.startsWith('<style>'))).toContain('@media (prefers-color-scheme:dark){');
  });

  it('no two things in one place', () => {
    const { boxes, placed, right, labels } = layoutOf(graphOf(farm), { columns: 80, all: false });
    const taken = boxes.flatMap(({ top, bottom }) => Array.from({ length: bottom - top + 1 }, (_, i) => top + i));
    expect(new Set(taken).size).toBe(taken.length);
    expect(new Set(placed.map(({ line }) => line)).size).toBe(placed.length);
    expect(labels).toBeGreaterThan(right);
    for (const one of placed) {
      for (const other of placed) {
        if (one === other || one.track === undefined || one.track !== other.track) continue;
        const [a, b] = [one, other].map(({ uses }) => uses.map(({ line }) => line));
        expect(Math.max(...a ?? []) < Math.min(...b ?? []) || Math.max(...b ?? []) < Math.min(...a ?? [])).toBe(true);
      }
    }
  });

  it('takes names for text, whatever is in them', () => {
    const name = '"]<script>a&b\u001b[2J\n-->#`\\\u202e{x}\ud800';
    const drawn = graphOf([image('b', [['stack', 'share', name]]), image(name, [], { state: 'damaged', error: `${name}; click me` })]);
    const text = textGraph(drawn, { columns: 80, all: false, utf8: true, paint: plain }).join('\n');
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).toContain('\\x1b[2J\\n');

    const svg = svgGraph(drawn, false).join('\n');
    expect(svg).toContain('&quot;]&lt;script&gt;a&amp;b\\x1b[2J\\n--&gt;#`\\\\x202e{x}\ufffd');
    expect(svg.replace(/<\/?(?:svg|style|title|rect|text|path|g)\b[^<>]*>/g, '')).not.toMatch(/[<>]/);
    expect(svg).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/);

    const dot = dotGraph(drawn, false).join('\n');
    expect(dot.replace(/<\/?(?:table|tr|td|b)\b[^<>]*>/g, '').replace(/label=<([^<>]*)>/g, '$1')).not.toMatch(/[<>](?<!->)/);
    expect(dot).toContain('<b>&quot;]&lt;script&gt;a&amp;b');

    const mermaid = mermaidGraph(drawn, false);
    for (const line of mermaid.filter((each) => /[[(]"/.test(each))) {
      expect(line).toMatch(/^ {2}[in]\d+(\["(<b>.*<\/b>(<br>[^<>"`\\]*)*)"\](:::bad)?|\(\["[^<>"`\\]*"\]\))$/);
      expect(line.replace(/<\/?b>|<br>/g, '')).not.toMatch(/["<>].*["<>].*["<>]/);
    }
    expect(mermaid.join('\n')).toContain('#34;#93;#60;script#62;a#38;b');
  });
});
