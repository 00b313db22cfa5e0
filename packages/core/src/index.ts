export * from './errors.ts';
export * from './scope.ts';
export * from './substrate.ts';
export * from './component/component.ts';
export type { ForeignFile, ForeignNote, ForeignSource } from './component/foreign.ts';
export { ComponentFault, defaultPatience } from './component/guard.ts';
export { checkDeclaration } from './component/declared.ts';
export { componentOrder, registrable } from './component/order.ts';

export * from './pairs/pairs.ts';
export { parseArgs, printArgs } from './pairs/args.ts';
export { canonical, changedKeys, diffPairs, fixedKeys, mergePairs, type KeyDifference, type SectionDifference } from './pairs/change.ts';
export { decodePairs, encodePairs } from './pairs/codec.ts';
export { parseImage, type ParsedImage, type ParsedSection, type PairsAccess } from './pairs/parse.ts';
export { sections, type Section, type SplitPairs } from './pairs/sections.ts';
export { toPairs, toSugar, type SugarObject } from './pairs/sugar.ts';
export { childrenMaxOf, imageParams, type ImageParams, type Tables } from './pairs/tables.ts';
export { editDistance, nearest, suggestion } from './pairs/nearest.ts';
export { encodedLimit, keyLimit, pairsLimit, valueLimit } from './pairs/limits.ts';

export { parseFile, parseText, type FileOptions } from './file/parse.ts';
export type { FileImage, PlainImage } from './file/ast.ts';
export { printFile, printWord } from './file/print.ts';
export { fileError, placeText, renderError } from './file/render.ts';

export * from './param/param.ts';
export { type ParamRow, helpText, jsonSchema, paramInfo } from './param/info.ts';
export * from './param/types.ts';
export { flagWord } from './param/basic.ts';
export { checkTable } from './param/table.ts';
export type { PortMap } from './param/port.ts';
export { type Cidr, isHostName } from './param/address.ts';

export { Image } from './image/image.ts';
export { ImageTree } from './image/tree.ts';
export type { KnownImage, NewImage, TreeInit } from './image/wanted.ts';
export { InstanceRef, Slot, type SlotAsk, type SlotKind } from './image/slot.ts';
export { isInside, formatAddress, parseAddress } from './image/address.ts';
export { type Asked, type Restriction, holding, meet } from './image/lattice.ts';
export { type Leak, type LeakMode, reportLeaks, setLeakMode } from './ref/leaks.ts';

export { type CredChange, Ucred, cimg, covered, crdup, crfree, crget, crhold, crset, eimg } from './cred/ucred.ts';
export { Proc, checkRunning, fork, procEnd, procSetCred, procSettle } from './cred/proc.ts';
export { Thread, boundary, dropEimage, tdSync } from './cred/thread.ts';
export { type CurrentThread, syncCurrent } from './cred/current.ts';
export { effective, run } from './cred/effective.ts';
export { seteimage, setimage } from './cred/seteimage.ts';

export type { Once } from './kernel/once.ts';
export { boot, Kernel } from './kernel/kernel.ts';
export { ImageHandle, type SpawnOptions } from './kernel/handle.ts';
export type * from './kernel/types.ts';
