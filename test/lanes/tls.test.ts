import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { ConnectClient } from "./connect-client.ts";
import { type Caller, newEvent, newGame, submit } from "./games.ts";
import { GrpcClient } from "./grpc-client.ts";
import { startTestService, tokenFor } from "./test-service.ts";

const { getLeaderboard, watchLeaderboard } = ScoreService.method;

describe("with a certificate", () => {
  let certificate: Certificate;
  let backend: Backend;
  let service: RunningService;
  let caller: Caller & { readonly client: GrpcClient };
  let gameId: string;
  let webUrl: string;
  before(async () => {
    certificate = await makeCertificate();
    backend = await startEmbedded();
    service = await startTestService(backend, certificate.settings);
    webUrl = `https://localhost:${service.httpPort}`;
    caller = {
      client: new GrpcClient(service.grpcPort, certificate.ca),
      server: { token: await tokenFor("server", "game-server") },
      admin: { token: await tokenFor("admin", "operator") },
    };
    gameId = await newGame(caller);
    await submit(caller, { gameId });
  });
  after(async () => {
    caller?.client.close();
    await service?.close();
    await backend?.close();
    await certificate?.close();
  });

  it("the metrics tell when the certificate ends", async () => {
    const call = request(`${webUrl}/metrics`, { ca: certificate.ca, agent: false }).end();
    const [response] = await once(call, "response");
    const end = /^score_tls_certificate_expiry_timestamp_seconds (\S+)$/m.exec(
      await text(response),
    );
    const days = (Number(end?.[1]) - Date.now() / 1_000) / 86_400;
    assert.ok(days > 1.9 && days <= 2, `${days} days`);
  });

  it("the gRPC lane speaks TLS, and nothing else", async () => {
    const page = await caller.client.call(getLeaderboard, { gameId });
    assert.equal(page.entries[0]?.playerId, "ada");
    const plain = new GrpcClient(service.grpcPort);
    await assert.rejects(plain.call(getLeaderboard, { gameId }, { timeoutMs: 5_000 }));
    plain.close();
  });

  it("a client that does not trust the certificate goes no further", async () => {
    await assert.rejects(fetch(`${webUrl}/healthz`), (error: Error) =>
      /self-signed certificate/.test(String(error.cause)),
    );
  });

  for (const [httpVersion, name, createTransport] of [
    ["1.1", "Connect", createConnectTransport],
    ["1.1", "gRPC-Web", createGrpcWebTransport],
    ["2", "Connect", createConnectTransport],
    ["2", "gRPC-Web", createGrpcWebTransport],
    ["2", "gRPC", createGrpcTransport],
  ] as const) {
    it(`the web lane speaks ${name} on HTTP/${httpVersion} over TLS`, async () => {
      const sessionManager = manager();
      const options =
        httpVersion === "2"
          ? { httpVersion, baseUrl: webUrl, sessionManager }
          : { httpVersion, baseUrl: webUrl, nodeOptions: { ca: certificate.ca } };
      const client = new ConnectClient(createTransport(options as never));
      const page = await client.call(getLeaderboard, { gameId });
      assert.equal(page.entries[0]?.playerId, "ada");
      const frames = client.watch(watchLeaderboard, { gameId });
      const frame = await frames.next();
      assert.deepEqual(frame.value?.entries, page.entries);
      await submit(caller, { gameId });
      const later = await frames.next();
      assert.equal(later.value?.entries[0]?.score, (page.entries[0]?.score ?? 0n) + 1n);
      await frames.return(undefined);
      sessionManager.abort();
    });
  }

  for (const [name, createTransport] of [
    ["Connect", createConnectTransport],
    ["gRPC", createGrpcTransport],
  ] as const) {
    it(`StreamScores works over ${name} on HTTP/2`, async () => {
      const sessionManager = manager();
      const transport = createTransport({ httpVersion: "2", baseUrl: webUrl, sessionManager });
      const game = await newGame(caller);
      const ids = Array.from({ length: 100 }, (_, index) => `action-${index}`);
      const events = async function* () {
        for (const actionId of ids) yield newEvent({ gameId: game, actionId });
      };
      const headers = { authorization: `Bearer ${caller.server.token}` };
      const answers = createClient(ScoreService, transport).streamScores(events(), { headers });
      const acknowledged = (await Array.fromAsync(answers)).map(({ actionId, outcome }) => {
        assert.equal(outcome.case, "accepted");
        return actionId;
      });
      assert.deepEqual(acknowledged.sort(), ids.sort());
      sessionManager.abort();
    });
  }

  it("the operators' pages come over HTTPS", async () => {
    const call = request(`${webUrl}/readyz`, { ca: certificate.ca, agent: false }).end();
    const [response] = await once(call, "response");
    assert.equal(response.statusCode, 200);
    assert.equal(await text(response), "ready\n");
  });

  it("a connection that is idle does not hold up the end", async () => {
    const sessionManager = manager();
    const transport = createConnectTransport({ httpVersion: "2", baseUrl: webUrl, sessionManager });
    await new ConnectClient(transport).call(getLeaderboard, { gameId });
    assert.notEqual(sessionManager.state(), "closed");
    const began = performance.now();
    await service.close();
    const tookMs = performance.now() - began;
    // What is left open is cut after 8 s.
    assert.ok(tookMs < 7_000, `${tookMs} ms`);
    sessionManager.abort();
  });

  const manager = () => new Http2SessionManager(webUrl, {}, { ca: certificate.ca });
});
