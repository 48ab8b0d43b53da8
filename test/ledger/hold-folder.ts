// Run by data-folder.test.ts: tries to open the data folder and says how that
// went. Keeps it open until it is killed.
import { openEmbeddedDatabase } from "../../src/ledger/embedded-database.ts";

try {
  await openEmbeddedDatabase(process.argv[2] ?? "");
  console.log("opened");
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
