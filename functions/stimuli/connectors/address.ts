import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** First address and length of each range of IPv4 that is nobody's on the public Internet (IANA special-purpose registry). */
const CLOSED: [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Whether an IP address is one of the public Internet: not of this machine, its network, or a tunnel into them. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 4) {
    const value = toNumber(address);
    return !CLOSED.some(([first, length]) => (value ^ toNumber(first)) >>> (32 - length) === 0);
  }
  if (isIP(address) !== 6) return false;
  const [first = 0, second = 0] = address.split(":").map((part) => Number.parseInt(part || "0", 16));
  // Only 2000::/3 is given out; in it lie tunnels (2001::/23, 2002::/16) and what is for books (2001:db8::/32, 3fff::/20).
  const isTunnel = first === 0x2002 || (first === 0x2001 && (second < 0x200 || second === 0xdb8));
  return first >>> 13 === 1 && !isTunnel && !(first === 0x3fff && second < 0x1000);
}

function toNumber(address: string): number {
  return address.split(".").reduce((value, part) => (value << 8) | Number(part), 0) >>> 0;
}

/** The address of a host that a request may go to; undefined where one of its addresses is not public. */
export async function publicAddress(host: string): Promise<string | undefined> {
  const name = host.replace(/^\[|\]$/g, "");
  const found = isIP(name) ? [{ address: name }] : await lookup(name, { all: true });
  return found.length > 0 && found.every(({ address }) => isPublic(address)) ? found[0]?.address : undefined;
}
