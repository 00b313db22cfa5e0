import { existsSync } from 'node:fs';
import { Image, Proc, Thread, crget } from '@vimage/core';
import { readPlan } from '../retire.ts';
import { Layout } from '../registry/paths.ts';
import { isGoing } from './given.ts';
import type { Given, ToldImage } from './given.ts';
import { install } from './install.ts';
import { standByDefault } from './store.ts';
import { Threads } from './threads.ts';

/** Makes a worker stand where the thread stood that started it. It knows of the images what it was given, and reads their plans where they are. */
export function placeWorker(given: Given): void {
  const { registry, pins, components, only, port } = given;
  const layout = new Layout(registry);
  const images = new Map<bigint, Image>();
  const known = ({ name, serial, address }: ToldImage): Image => {
    const image = images.get(serial) ?? new Image({
      parent: undefined, segment: name, name, serial, address, persist: true, childrenMax: 0, pairs: [], components: [], slots: [],
    }, () => undefined);
    images.set(serial, image);
    return image;
  };
  const [base, image, eimage] = [known(given.base), known(given.image), known(given.eimage)];
  const threads = new Threads({
    registry,
    generation: layout.generation,
    livePlan: ({ name, serial }) => {
      const dir = layout.image(name);
      const plan = existsSync(`${dir}/plan`) ? readPlan(dir) : undefined;
      return plan?.image.serial === serial ? plan : undefined;
    },
    pins: () => pins,
    // Whoever started this worker looks, and tells it.
    watch: () => ({ [Symbol.dispose]: () => undefined }),
  }, new Thread(new Proc(crget({ image: base }))), components);
  const p = new Proc(crget({ image, eimage, saved: image, ...(only === undefined ? {} : { only }) }));
  threads.follow(p);
  standByDefault({ td: new Thread(p), threads });
  install();

  port.on('message', (going: unknown) => {
    if (!isGoing(going)) return;
    const { serial, how } = going;
    if (serial === undefined) {
      threads.close();
      return;
    }
    const gone = images.get(serial);
    if (gone === undefined) return;
    if (gone.state === 'live') gone.state = 'removing';
    void Promise.resolve(threads.revoke(gone, how)).then(() => { port.postMessage(serial); });
  });
  port.unref();
}
