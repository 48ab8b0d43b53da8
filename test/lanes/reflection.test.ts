import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { AdminService } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import type { RunningService } from "../../src/app/service.ts";
import { type Backend, startEmbedded } from "./backends.ts";
import { HealthClient } from "./health-client.ts";
import { ReflectionClient } from "./reflection-client.ts";
import { startTestService } from "./test-service.ts";

describe("the gRPC lane", () => {
  let backend: Backend;
  let service: RunningService;
  before(async () => {
    backend = await startEmbedded();
    service = await startTestService(backend);
  });
  after(async () => {
    await service?.close();
    await backend?.close();
  });

  for (const version of ["v1", "v1alpha"] as const) {
    it(`tells its services and their messages by reflection ${version}`, async () => {
      const client = new ReflectionClient(service.grpcPort, version);
      const services = await client.services();
      for (const contract of [ScoreService, AdminService]) {
        assert.ok(services.includes(contract.typeName), `${services}`);
        const types = await client.types(contract.typeName);
        assert.ok(typeof types === "object", `error ${types}`);
        const described = types.getService(contract.typeName);
        assert.deepEqual(
          described?.methods.map((method) => [
            method.name,
            method.methodKind,
            method.output.typeName,
          ]),
          contract.methods.map((method) => [
            method.name,
            method.methodKind,
            method.output.typeName,
          ]),
        );
        for (const { input } of contract.methods) {
          assert.deepEqual(
            types.getMessage(input.typeName)?.fields.map(({ name, number }) => [name, number]),
            input.fields.map(({ name, number }) => [name, number]),
          );
        }
      }
      assert.equal(await client.types("score.v1.NoSuchService"), Code.NotFound);
      client.close();
    });
  }

  it("tells its health, as a whole and for each service", async () => {
    const client = new HealthClient(service.grpcPort);
    for (const name of ["", "score.v1.ScoreService", "score.v1.AdminService"]) {
      assert.equal(await client.check(name), "SERVING");
    }
    await assert.rejects(client.check("score.v1.NoSuchService"), { code: Code.NotFound });
    client.close();
  });
});
