import proxyAddr from "proxy-addr";

/** Who calls, by the connection's other end and the header `x-forwarded-for`. */
export type CallerAddress = (peer: string, forwardedFor: string | undefined) => string;

/**
 * Believes the header only from the `trusted` addresses and networks, and what
 * it says before them only as far as each of them is trusted. Throws a
 * TypeError when one of them is no address.
 */
export function callerAddress(trusted: readonly string[]): CallerAddress {
  const isTrusted = proxyAddr.compile([...trusted]);
  return (peer, forwardedFor) => {
    if (forwardedFor === undefined) return peer;
    const request = {
      headers: { "x-forwarded-for": forwardedFor },
      socket: { remoteAddress: peer },
    };
    return proxyAddr(request as unknown as Parameters<typeof proxyAddr>[0], isTrusted);
  };
}
