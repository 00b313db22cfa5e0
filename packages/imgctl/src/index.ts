export { imgctl } from './cli.ts';
export { discover, type Discovery, type Found, type Warning, type Where } from './discover.ts';
