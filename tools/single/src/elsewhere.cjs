// Stands for another system, before anything of a program is loaded (`node --require`): its name is SYSTEM, and what only Linux has ends the program, whoever
// would catch an error: files of /proc, /sys, /run and /dev, native code, workers, and programs too unless PROGRAMS is `may`.
const fs = require('node:fs');
const { Module, syncBuiltinESMExports } = require('node:module');
const childProcess = require('node:child_process');
const process = require('node:process');
const { URL } = require('node:url');

const { SYSTEM, PROGRAMS } = process.env;
Object.defineProperty(process, 'platform', { value: SYSTEM });
if (SYSTEM === 'win32') for (const name of ['getuid', 'geteuid', 'getgid', 'getegid', 'getgroups', 'setuid', 'setgid']) delete process[name];

function refuse(what) {
  process.stderr.write(`touched: ${what}\n`);
  process.exit(86);
}

const ofLinux = /^(?:file:\/\/)?\/(?:proc|sys|run|dev)(?:\/|$)/;
for (const holder of [fs, fs.promises]) {
  for (const [name, real] of Object.entries(holder)) {
    if (typeof real !== 'function' || /^[A-Z_]/.test(name)) continue;
    holder[name] = Object.assign(function guarded(...args) {
      // A path; a Buffer is also what is read into.
      const touched = args.find((each) => (typeof each === 'string' || each instanceof URL) && ofLinux.test(String(each)));
      return touched === undefined ? Reflect.apply(real, this, args) : refuse(`${name} ${touched}`);
    }, real);
  }
}
process.dlopen = (_module, file) => refuse(file);
const load = Module._load;
Module._load = function guarded(request, ...rest) {
  return /^koffi$|worker_threads$/.test(request) ? refuse(request) : Reflect.apply(load, this, [request, ...rest]);
};
if (PROGRAMS !== 'may') for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) childProcess[name] = () => refuse(name);
syncBuiltinESMExports();
