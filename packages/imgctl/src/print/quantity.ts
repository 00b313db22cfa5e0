/** Bytes for a reader: `512B`, `1.5K`, `37M`. */
export function bytes(n: number): string {
  const unit = n < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** unit;
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)}${'BKMGT'[unit] ?? ''}`;
}

/** Milliseconds as minutes, seconds and hundredths, as top(1) has them: `0:01.23`; from an hour on `2:05:09`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}.${two(Math.floor((ms % 1000) / 10))}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
