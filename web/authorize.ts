import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { TokenKeeper } from "./token-keeper.ts";

/**
 * Sends the spectator's token with every call. One that the service does not
 * take is dropped: the call fails and says so, and the next one goes without.
 */
export function authorize(tokens: TokenKeeper, clock: () => number): Interceptor {
  return (next) => async (request) => {
    const token = tokens.at(clock());
    if (token === undefined) return next(request);
    request.header.set("authorization", `Bearer ${token.jwt}`);
    const dropIfRefused = (error: unknown): never => {
      const isRefused = ConnectError.from(error).code === Code.Unauthenticated;
      if (isRefused && tokens.at(clock())?.jwt === token.jwt) tokens.drop();
      throw error;
    };
    const response = await next(request).catch(dropIfRefused);
    if (!response.stream) return response;
    const { message } = response;
    const messages = async function* () {
      try {
        yield* message;
      } catch (error) {
        dropIfRefused(error);
      }
    };
    return { ...response, message: messages() };
  };
}
