import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { type Call, type FrameInit, pass, WatchedPage } from "../test/web/watched-page.ts";
import type { Shown } from "./watch.ts";

const first: FrameInit = {
  epoch: 2n,
  version: 7n,
  totalPlayers: 1n,
  entries: [{ playerId: "ada", displayName: "Ada", score: 10n, rank: 1n }],
};
const heartbeat: FrameInit = { epoch: 2n, version: 7n, totalPlayers: 1n, heartbeat: true };

describe("a watched board", () => {
  let page: WatchedPage;
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    page = new WatchedPage();
  });
  afterEach(async () => {
    await page.close();
    mock.timers.reset();
  });

  it("shows each frame", async () => {
    const call = await page.opened();
    assert.deepEqual(known(call), [0n, 0n]);
    call.send(first);
    assert.equal(summary(await page.shown()), "live: ada 10");
    call.send({ ...first, version: 8n, entries: [] });
    assert.equal(summary(await page.shown()), "live: ");
  });

  it("keeps the table through a heartbeat", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    call.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("keeps the table when the line ends and names the frame it shows when it calls again", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    call.end();
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    pass(250);
    const again = await page.opened();
    assert.deepEqual(known(again), [2n, 7n]);
    again.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("says since when the shown state is old", async () => {
    const call = await page.opened();
    call.send(first);
    assert.equal((await page.shown()).staleSince, undefined);
    pass(7_000);
    call.send(heartbeat);
    await page.shown();
    const heard = Date.now();
    pass(900);
    call.end();
    assert.equal((await page.shown()).staleSince, heard);
  });

  it("gives up a silent line after 20 s", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    pass(19_999);
    call.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
    pass(19_999);
    assert.equal(call.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    assert.equal(call.signal.aborted, true);
  });

  it("gives up a call that says nothing within 4 s, the next one within 8 s", async () => {
    const call = await page.opened();
    pass(3_999);
    assert.equal(call.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ");
    await page.opensAfter(250);
    const again = await page.opened();
    pass(7_999);
    assert.equal(again.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ");
  });

  it("waits twice as long after each failure, up to 2 s", async () => {
    for (const wait of [250, 500, 1_000, 2_000, 2_000]) {
      await page.fails(new ConnectError("down", Code.Unavailable));
      await page.opensAfter(wait);
    }
  });

  it("starts the waits over only after a line that held", async () => {
    await page.fails(new ConnectError("down", Code.Unavailable));
    await page.opensAfter(250);
    const short = await page.opened();
    short.send(first);
    await page.shown();
    short.end();
    await page.shown();
    await page.opensAfter(500);
    const long = await page.opened();
    long.send(first);
    await page.shown();
    pass(2_000);
    long.end();
    await page.shown();
    await page.opensAfter(250);
  });

  it("waits as long as the service asks", async () => {
    const retryDelay = durationFromMs(5_000);
    const details = [{ desc: RetryInfoSchema, value: { retryDelay } }];
    const error = new ConnectError("too many watches", Code.ResourceExhausted, undefined, details);
    assert.equal(summary(await page.fails(error)), "failing (too many watches): ");
    await page.opensAfter(5_250);
  });

  it("tries a service that is away as often as ever, whatever it asked", async () => {
    const retryDelay = durationFromMs(5_000);
    const details = [{ desc: RetryInfoSchema, value: { retryDelay } }];
    await page.fails(new ConnectError("shutting down", Code.Unavailable, undefined, details));
    await page.opensAfter(250);
  });

  it("holds no line while nobody looks, and names the frame it shows when somebody is back", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    page.hide();
    pass(3_999);
    assert.equal(call.signal.aborted, false);
    pass(1);
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    assert.equal(call.signal.aborted, true);
    await page.opensNotFor(600_000);
    page.look();
    const again = await page.opened();
    assert.deepEqual(known(again), [2n, 7n]);
    again.send(heartbeat);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("opens no line in a tab that was opened in the background", async () => {
    await page.close();
    page = new WatchedPage({ isHidden: true });
    await page.opensNotFor(60_000);
    page.look();
    await page.opened();
  });

  it("keeps the line when a tab is hidden for a moment", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    page.hide();
    pass(900);
    page.look();
    pass(10_000);
    assert.equal(call.signal.aborted, false);
  });

  it("opens the line anew after the machine slept", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    mock.timers.setTime(Date.now() + 3_600_000);
    mock.timers.tick(1_000);
    assert.equal(call.signal.aborted, true);
    assert.equal(summary(await page.shown()), "reconnecting: ada 10");
    assert.deepEqual(known(await page.opened()), [2n, 7n]);
  });

  it("opens the line anew when the page is taken out of the browser's cache, not when it is loaded", async () => {
    const call = await page.opened();
    page.machine.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    assert.equal(call.signal.aborted, false);
    page.machine.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    assert.equal(call.signal.aborted, true);
    await page.opened();
  });

  it("tries at once when the network is back", async () => {
    for (let failure = 0; failure < 4; failure += 1) {
      await page.fails(new ConnectError("down", Code.Unavailable));
      page.machine.dispatchEvent(new Event("online"));
    }
    await page.opened();
  });

  it("drops the table of a board that is gone and waits for it", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    call.fail(new ConnectError("unknown board", Code.NotFound));
    assert.equal(summary(await page.shown()), "missing: ");
    await page.opensAfter(250);
    const again = await page.opened();
    assert.deepEqual(known(again), [0n, 0n]);
    again.send(first);
    assert.equal(summary(await page.shown()), "live: ada 10");
  });

  it("stops when the service finds the request wrong", async () => {
    const error = new ConnectError("limit is wrong", Code.InvalidArgument);
    assert.equal(summary(await page.fails(error)), "refused (limit is wrong): ");
    await page.ended;
  });

  it("shows a broken connection as reconnecting, not as an error of the service", async () => {
    await page.close();
    const connect = () => Promise.reject(new TypeError("Failed to fetch"));
    const broken = new WatchedPage({ connect });
    assert.equal(summary(await broken.shown()), "reconnecting: ");
    await broken.close();
  });

  it("ends its call when it is stopped", async () => {
    const call = await page.opened();
    call.send(first);
    await page.shown();
    await page.close();
    assert.equal(call.signal.aborted, true);
  });
});

function known({ request }: Call): [bigint, bigint] {
  return [request.knownEpoch, request.knownVersion];
}

function summary({ line, frame }: Shown): string {
  const message = "message" in line ? ` (${line.message})` : "";
  const rows = frame?.entries.map(({ playerId, score }) => `${playerId} ${score}`) ?? [];
  return `${line.state}${message}: ${rows.join(", ")}`;
}
