/** A line of a program's log as klog writes it: `W1121 17:28:06.250236   22328 upgradeconfiguration.go:54] text`. */
export function klogLine(level: 'I' | 'W' | 'E', place: string, text: string): string {
  const [date = '', time = ''] = new Date().toISOString().replace('Z', '000').split('T');
  return `${level}${date.slice(5).replace('-', '')} ${time} ${String(process.pid).padStart(7)} ${place}] ${text}`;
}
