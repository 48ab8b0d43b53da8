import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { it } from "node:test";
import { promisify } from "node:util";
import { freePort, lowestPort } from "./free-port.ts";

it("gives ports that no outgoing connection takes meanwhile, and that nobody listens on", async (t) => {
  const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(() => "");
  const lowestOutgoing = Number.parseInt(range, 10);
  if (!(lowestOutgoing > 32_767)) {
    t.skip(`this system gives outgoing connections ports from ${lowestOutgoing} on`);
    return;
  }
  for (let round = 0; round < 50; round++) {
    const port = await freePort();
    assert.ok(port < lowestOutgoing, `${port} may be taken by anyone`);
    await using server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    assert.equal((server.address() as AddressInfo).port, port);
  }
});

it("passes over ports that are taken", async () => {
  const taken: Server[] = [];
  try {
    // Five of ten ports are taken, one after the other.
    for (let left = 5; left > 0; left--) {
      const port = await freePort(lowestPort + 9);
      const server = createServer().listen(port, "127.0.0.1");
      taken.push(server);
      await once(server, "listening");
    }
  } finally {
    for (const server of taken) server.close();
  }
});

it("gives no port twice, to nobody, though nobody listens on it yet", async () => {
  const highest = lowestPort + 99;
  const mine = await Promise.all(Array.from({ length: 30 }, () => freePort(highest)));
  const script = `
    import { freePort } from ${JSON.stringify(import.meta.resolve("./free-port.ts"))};
    const ports = await Promise.all(Array.from({ length: 30 }, () => freePort(${highest})));
    console.log(JSON.stringify(ports));`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const all = [...mine, ...(JSON.parse(stdout) as number[])];
  assert.equal(new Set(all).size, all.length);
});
