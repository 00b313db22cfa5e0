import type { AddrSpec } from './addr.ts';
import { addrAdd, addrDel, addrReplace } from './addr.ts';
import { linkAdd } from './link/add.ts';
import { linkDel, linkSet } from './link/set.ts';
import type { LinkChange, LinkSpec } from './link/spec.ts';
import type { LinkRef } from './names.ts';
import type { NeighSpec } from './neigh.ts';
import { neighAdd, neighDel, neighReplace } from './neigh.ts';
import { nsidSet } from './nsid.ts';
import type { QdiscSpec } from './qdisc.ts';
import { classAdd, qdiscAdd, qdiscDel, qdiscReplace } from './qdisc.ts';
import type { Request } from './request.ts';
import type { Resolver } from './resolve.ts';
import type { RouteSpec } from './route/spec.ts';
import { routeAdd, routeAppend, routeDel, routeReplace } from './route/write.ts';
import type { RuleSpec } from './rule.ts';
import { ruleAdd, ruleDel } from './rule.ts';

/** Everything that changes a namespace. On a handle each call is done at once (R is void); in a batch it is noted (R is its place). */
export interface Changes<R> {
  linkAdd(spec: LinkSpec): R;
  linkDel(link: LinkRef): R;
  linkSet(link: LinkRef, change: LinkChange): R;
  addrAdd(spec: AddrSpec): R;
  addrReplace(spec: AddrSpec): R;
  addrDel(spec: AddrSpec): R;
  routeAdd(spec: RouteSpec): R;
  routeAppend(spec: RouteSpec): R;
  routeReplace(spec: RouteSpec): R;
  routeDel(spec: RouteSpec): R;
  neighAdd(spec: NeighSpec): R;
  neighReplace(spec: NeighSpec): R;
  neighDel(spec: NeighSpec): R;
  ruleAdd(spec: RuleSpec): R;
  ruleDel(spec: RuleSpec): R;
  qdiscAdd(spec: QdiscSpec): R;
  qdiscReplace(spec: QdiscSpec): R;
  qdiscDel(where: { dev: LinkRef; parent?: string; handle?: string }): R;
  classAdd(spec: QdiscSpec): R;
  nsidSet(fd: number, id?: number): R;
}

/** Binds every change to what does, or notes, its requests. */
export function changes<R>(resolver: Resolver, run: (make: () => readonly Request[]) => R): Changes<R> {
  const one = (make: () => Request): R => run(() => [make()]);
  return {
    linkAdd: (spec) => run(() => linkAdd(resolver, spec)),
    linkDel: (link) => one(() => linkDel(link)),
    linkSet: (link, change) => run(() => linkSet(resolver, link, change)),
    addrAdd: (spec) => one(() => addrAdd(resolver, spec)),
    addrReplace: (spec) => one(() => addrReplace(resolver, spec)),
    addrDel: (spec) => one(() => addrDel(resolver, spec)),
    routeAdd: (spec) => one(() => routeAdd(resolver, spec)),
    routeAppend: (spec) => one(() => routeAppend(resolver, spec)),
    routeReplace: (spec) => one(() => routeReplace(resolver, spec)),
    routeDel: (spec) => one(() => routeDel(resolver, spec)),
    neighAdd: (spec) => one(() => neighAdd(resolver, spec)),
    neighReplace: (spec) => one(() => neighReplace(resolver, spec)),
    neighDel: (spec) => one(() => neighDel(resolver, spec)),
    ruleAdd: (spec) => one(() => ruleAdd(spec)),
    ruleDel: (spec) => one(() => ruleDel(spec)),
    qdiscAdd: (spec) => one(() => qdiscAdd(resolver, spec)),
    qdiscReplace: (spec) => one(() => qdiscReplace(resolver, spec)),
    qdiscDel: (where) => one(() => qdiscDel(resolver, where)),
    classAdd: (spec) => one(() => classAdd(resolver, spec)),
    nsidSet: (fd, id) => one(() => nsidSet(fd, id)),
  };
}
