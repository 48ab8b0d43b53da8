import { join } from "node:path";
import { PGlite, types } from "@electric-sql/pglite";
import type { Ports } from "../lanes/clients.ts";
import { testSecretText } from "../lanes/test-service.ts";
import { ledgerTables } from "../ledger/ledger-tables.ts";
import { freePort } from "../servers/free-port.ts";
import { ServiceProcess } from "../servers/service-process.ts";
import { SmallDisk } from "../servers/small-disk.ts";
import type { BoardRules, History, RankedBoard } from "./judge/history.ts";
import { servedOrder } from "./judge/ranking-order.ts";
import type { Stage } from "./stage.ts";

/** Megabytes for the ledger: more than a run takes. */
const diskMegabytes = 600;

/** The service as `npm start` runs it: its ledger embedded, its ranking in memory. */
export class EmbeddedWorld implements Stage {
  readonly service: ServiceProcess;
  readonly disk: SmallDisk;
  readonly #ports: Ports;

  private constructor(service: ServiceProcess, disk: SmallDisk, ports: Ports) {
    this.service = service;
    this.disk = disk;
    this.#ports = ports;
  }

  static async start(): Promise<EmbeddedWorld> {
    const disk = await SmallDisk.create(diskMegabytes);
    const ports = { grpcPort: await freePort(), httpPort: await freePort() };
    const service = await ServiceProcess.create({
      SCORE_DATA_DIR: join(disk.folder, "data"),
      SCORE_JWT_SECRET: testSecretText,
      SCORE_GRPC_PORT: String(ports.grpcPort),
      SCORE_HTTP_PORT: String(ports.httpPort),
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
    });
    const world = new EmbeddedWorld(service, disk, ports);
    try {
      await service.start();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  get doors(): readonly Ports[] {
    return [this.#ports];
  }

  get services() {
    return [{ name: "the service", service: this.service }];
  }

  get traces(): readonly string[] {
    return [join(this.disk.folder, "data")];
  }

  async rankings(gameId: string, board: BoardRules): Promise<readonly RankedBoard[]> {
    return [await servedOrder(this.#ports.grpcPort, gameId, board)];
  }

  async ledger(gameId: string): Promise<Pick<History, "events" | "standings">> {
    await this.service.stop();
    const pglite = await PGlite.create(join(this.disk.folder, "data", "postgres"), {
      parsers: { [types.INT8]: Number },
    });
    try {
      const tables = ledgerTables((text, values) => pglite.query(text, values));
      return { events: await tables.events(gameId), standings: await tables.standings(gameId) };
    } finally {
      await pglite.close();
    }
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.disk.close();
  }
}
