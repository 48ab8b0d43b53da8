import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { ScoreService } from "../gen/score/v1/score_pb.js";
import { authorize } from "./authorize.ts";
import { tokenOf } from "./identity.ts";
import { guarded } from "./storage.ts";
import { TokenKeeper } from "./token-keeper.ts";

const token = tokenOf(`e30.${btoa(JSON.stringify({ sub: "ada" }))}.x`);
assert.ok(token);

describe("a spectator's token", () => {
  /** A service that takes no token but `valid`, and what it was sent. */
  const open = (valid: string) => {
    const sent: (string | null)[] = [];
    const check = (header: Headers) => {
      const authorization = header.get("authorization");
      sent.push(authorization);
      if (authorization !== null && authorization !== `Bearer ${valid}`) {
        throw new ConnectError("the token is not valid", Code.Unauthenticated);
      }
    };
    const tokens = new TokenKeeper(
      guarded(() => {
        throw new DOMException("forbidden", "SecurityError");
      }),
    );
    tokens.keep(token);
    const transport = createRouterTransport(
      ({ rpc }) => {
        rpc(ScoreService.method.listBoards, (_, { requestHeader }) => {
          check(requestHeader);
          return {};
        });
        rpc(ScoreService.method.watchLeaderboard, async function* (_, { requestHeader }) {
          check(requestHeader);
          yield {};
        });
      },
      { transport: { interceptors: [authorize(tokens, () => 0)] } },
    );
    return { client: createClient(ScoreService, transport), tokens, sent };
  };
  const isRefused = (error: ConnectError) => error.code === Code.Unauthenticated;

  it("goes with every call", async () => {
    const { client, sent } = open(token.jwt);
    await client.listBoards({});
    for await (const _ of client.watchLeaderboard({}));
    assert.deepEqual(sent, [`Bearer ${token.jwt}`, `Bearer ${token.jwt}`]);
  });

  it("is dropped when a call is refused for it, so that the next one goes without", async () => {
    const { client, tokens, sent } = open("another");
    await assert.rejects(client.listBoards({}), isRefused);
    assert.equal(tokens.at(0), undefined);
    await client.listBoards({});
    assert.deepEqual(sent, [`Bearer ${token.jwt}`, null]);
  });

  it("is dropped when a watch is refused for it", async () => {
    const { client, tokens } = open("another");
    await assert.rejects(Array.fromAsync(client.watchLeaderboard({})), isRefused);
    assert.equal(tokens.at(0), undefined);
    assert.equal((await Array.fromAsync(client.watchLeaderboard({}))).length, 1);
  });
});
