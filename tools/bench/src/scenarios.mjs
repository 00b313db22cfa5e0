import boxCrowd from './scenario/box-crowd.mjs';
import boxImgexec from './scenario/box-imgexec.mjs';
import boxLiving from './scenario/box-living.mjs';
import boxOnce from './scenario/box-once.mjs';
import bystander from './scenario/bystander.mjs';
import floor from './scenario/floor.mjs';
import imgexec from './scenario/imgexec.mjs';
import ipNetns from './scenario/ip-netns.mjs';
import lab from './scenario/lab.mjs';
import nodeHttp from './scenario/node-http.mjs';
import nodeMany from './scenario/node-many.mjs';
import sandboxRuntime from './scenario/sandbox-runtime.mjs';
import scale from './scenario/scale.mjs';
import slots from './scenario/slots.mjs';
import spawnEffective from './scenario/spawn-effective.mjs';
import spawnLiving from './scenario/spawn-living.mjs';
import throughput from './scenario/throughput.mjs';

/** In the order of the table. */
export const scenarios = [floor, ipNetns, spawnEffective, spawnLiving, imgexec, boxLiving, boxOnce, boxCrowd, boxImgexec, sandboxRuntime, lab, scale, bystander, slots, throughput, nodeHttp, nodeMany];
