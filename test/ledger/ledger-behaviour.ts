import { after, before, describe } from "node:test";
import { erasBehaviour } from "./eras-behaviour.ts";
import { fillingBehaviour } from "./filling-behaviour.ts";
import { foldingBehaviour } from "./folding-behaviour.ts";
import { gamesBehaviour } from "./games-behaviour.ts";
import { instancesBehaviour } from "./instances-behaviour.ts";
import type { TestDatabase } from "./open-ledgers.ts";
import { queueingBehaviour } from "./queueing-behaviour.ts";
import { readingBehaviour } from "./reading-behaviour.ts";
import { submittingBehaviour } from "./submitting-behaviour.ts";

/** What every ledger does, whatever database it is on. */
export function ledgerBehaviour(name: string, open: () => Promise<TestDatabase>): void {
  describe(name, () => {
    let opened: TestDatabase | undefined;
    const database = () => {
      if (opened === undefined) throw new Error("the database is not open yet");
      return opened;
    };
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());

    describe("submitting", () => submittingBehaviour(database));
    describe("queueing", () => queueingBehaviour(database));
    describe("folding", () => foldingBehaviour(database));
    describe("filling", () => fillingBehaviour(database));
    describe("games", () => gamesBehaviour(database));
    describe("reading", () => readingBehaviour(database));
    describe("instances", () => instancesBehaviour(database));
    describe("eras", () => erasBehaviour(database));
  });
}
