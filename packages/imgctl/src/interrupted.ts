/** Aborts when imgctl is told to end, for what goes on until then. */
export function interrupted(): AbortController {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { stop.abort(); });
  return stop;
}
