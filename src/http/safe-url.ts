// The URLs that credentials may be sent to.
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const privateNetwork = new BlockList();
privateNetwork.addSubnet('10.0.0.0', 8, 'ipv4');
privateNetwork.addSubnet('172.16.0.0', 12, 'ipv4');
privateNetwork.addSubnet('192.168.0.0', 16, 'ipv4');
privateNetwork.addSubnet('169.254.0.0', 16, 'ipv4');
privateNetwork.addSubnet('fc00::', 7, 'ipv6');
privateNetwork.addSubnet('fe80::', 10, 'ipv6');

/**
 * Returns why a URL must not be called, or undefined if it may: https anywhere, http to loopback, and with
 * `dangerouslyAllowHttp` also http to private addresses and to host names that are not public (one label, or ending in
 * .internal, .local, .lan or .home.arpa). Never repeats the URL, which may carry credentials.
 */
export function urlProblem(url: string, options: { dangerouslyAllowHttp: boolean }): string | undefined {
  if (!URL.canParse(url)) return 'must be an absolute URL';
  const { protocol, hostname, username, password } = new URL(url);
  if (username || password) return 'must not contain credentials';
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return 'must begin with https://';
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isLoopback(host)) return undefined;
  if (!options.dangerouslyAllowHttp) return 'must begin with https:// (http is for loopback only)';
  return isPrivate(host) ? undefined : 'must begin with https:// (dangerouslyAllowHttp is for private networks only)';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || isListed(loopback, host);
}

function isPrivate(host: string): boolean {
  if (isIP(host)) return isListed(privateNetwork, host);
  return !host.includes('.') || /\.(internal|local|lan|home\.arpa)$/.test(host);
}

function isListed(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
